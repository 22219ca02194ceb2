//! The account's contacts, lists and custom fields, and the rules that hold between them.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher},
};

use hashbrown::{DefaultHashBuilder, HashTable};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    contact::{Contact, Exit, FIRST_CUSTOM_CODE, Permission, Values, standard_code},
    custom_fields::CustomField,
    lists::List,
};

/// Lists a contact may be on at most (API guide "Contact lists overview").
pub(super) const MAX_LISTS_PER_CONTACT: usize = 50;

/// Contacts are addressed by position, which never changes: a deleted contact stays, marked.
#[derive(Default)]
pub(super) struct Book {
    pub(super) contacts: Vec<Contact>,
    pub(super) lists: Vec<List>,
    pub(super) fields: Vec<CustomField>,
    by_email: HashTable<Entry>,
    by_id: HashTable<Entry>,
    by_sms_number: HashMap<Box<str>, u32>,
    hasher: DefaultHashBuilder,
}

/// A contact in an index. The hash is kept, so that a growing index need not read a million contacts again.
#[derive(Clone, Copy)]
struct Entry {
    position: u32,
    hash: u32,
}

impl Entry {
    /// All 64 bits the table wants, from the 32 that are kept.
    fn spread(hash: u32) -> u64 {
        u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// Whether a contact could be put on a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joined {
    Yes,
    /// The person has opted out.
    Unsubscribed,
    /// The contact is on 50 lists.
    TooManyLists,
}

impl Book {
    pub(super) fn contact(&self, position: u32) -> &Contact {
        &self.contacts[position as usize]
    }

    pub(super) fn contact_mut(&mut self, position: u32) -> &mut Contact {
        &mut self.contacts[position as usize]
    }

    /// The contact with this address, deleted ones included. Case does not matter.
    pub(super) fn find_by_email(&self, email: &str) -> Option<u32> {
        let hash = self.email_hash(email);
        let same = |entry: &Entry| {
            entry.hash == hash
                && self
                    .contact(entry.position)
                    .email
                    .eq_ignore_ascii_case(email)
        };
        let found = self.by_email.find(Entry::spread(hash), same);
        found.map(|entry| entry.position)
    }

    /// The hash of an address without case.
    fn email_hash(&self, email: &str) -> u32 {
        let mut hasher = self.hasher.build_hasher();
        for chunk in email.as_bytes().chunks(32) {
            let mut folded = [0; 32];
            let folded = &mut folded[..chunk.len()];
            folded.copy_from_slice(chunk);
            folded.make_ascii_lowercase();
            hasher.write(folded);
        }
        half(hasher.finish())
    }

    fn id_hash(&self, id: Uuid) -> u32 {
        half(self.hasher.hash_one(id.as_u128()))
    }

    pub(super) fn find_by_sms_number(&self, number: &str) -> Option<u32> {
        self.by_sms_number.get(number).copied()
    }

    pub(super) fn find_by_id(&self, id: Uuid) -> Option<u32> {
        let hash = self.id_hash(id);
        let same = |entry: &Entry| entry.hash == hash && self.contact(entry.position).id == id;
        let found = self.by_id.find(Entry::spread(hash), same);
        found.map(|entry| entry.position)
    }

    /// Adds a contact whose address is not in the account yet.
    pub(super) fn add_contact(
        &mut self,
        email: &str,
        permission: Permission,
        now: Timestamp,
    ) -> u32 {
        let position =
            u32::try_from(self.contacts.len()).expect("memory ends long before 4 billion contacts");
        let id = new_id();
        self.contacts.push(Contact {
            id,
            email: email.into(),
            values: Values::default(),
            permission,
            opted_in_by_contact: false,
            created_at: now,
            updated_at: now,
            exit: None,
        });
        let entry = Entry {
            position,
            hash: self.id_hash(id),
        };
        index(&mut self.by_id, entry);
        self.index_email(position);
        position
    }

    fn index_email(&mut self, position: u32) {
        let email = &self.contact(position).email;
        if !email.is_empty() {
            let entry = Entry {
                position,
                hash: self.email_hash(email),
            };
            index(&mut self.by_email, entry);
        }
    }

    /// Gives a contact another address; the caller has checked that it is free.
    pub(super) fn change_email(&mut self, position: u32, email: &str) {
        let old = Entry::spread(self.email_hash(&self.contact(position).email));
        if let Ok(entry) = self
            .by_email
            .find_entry(old, |entry| entry.position == position)
        {
            entry.remove();
        }
        self.contact_mut(position).email = email.into();
        self.index_email(position);
    }

    /// Changes a contact's values and brings its SMS number into the index.
    pub(super) fn update_values(&mut self, position: u32, updates: &[(u16, &str)], now: Timestamp) {
        let sms_number = standard_code("sms_number");
        if let Some((_, number)) = updates.iter().find(|(code, _)| Some(*code) == sms_number) {
            self.by_sms_number.insert((*number).into(), position);
        }
        let contact = self.contact_mut(position);
        contact.values = contact.values.merged(updates);
        contact.updated_at = now;
    }

    /// Puts a contact on a list. A deleted contact comes back to life by it; an unsubscribed one is left alone.
    pub(super) fn join(&mut self, position: u32, list: usize, now: Timestamp) -> Joined {
        let contact = &mut self.contacts[position as usize];
        if contact.is_unsubscribed() {
            return Joined::Unsubscribed;
        }
        // Accounts with fewer lists cannot exceed the limit, so the usual import skips the count.
        let is_full = self.lists.len() > MAX_LISTS_PER_CONTACT
            && !self.lists[list].members.contains(position)
            && self
                .lists
                .iter()
                .filter(|list| list.members.contains(position))
                .count()
                >= MAX_LISTS_PER_CONTACT;
        if is_full {
            return Joined::TooManyLists;
        }
        if let Some(exit) = &mut contact.exit
            && exit.deleted_at.take().is_some()
        {
            contact.updated_at = now;
        }
        self.lists[list].members.insert(position);
        Joined::Yes
    }

    /// Deletes a contact: it loses all memberships but keeps its address and permission.
    pub(super) fn delete_contact(&mut self, position: u32, now: Timestamp) {
        for list in &mut self.lists {
            list.members.remove(position);
        }
        let contact = self.contact_mut(position);
        contact
            .exit
            .get_or_insert_with(Box::<Exit>::default)
            .deleted_at = Some(now);
        contact.updated_at = now;
    }

    /// Records that a person opted out: off every list, and no import puts them back.
    pub(super) fn unsubscribe(&mut self, position: u32, now: Timestamp) {
        for list in &mut self.lists {
            list.members.remove(position);
        }
        let contact = self.contact_mut(position);
        contact.permission = Permission::Unsubscribed;
        contact
            .exit
            .get_or_insert_with(Box::<Exit>::default)
            .opted_out_at = Some(now);
        contact.updated_at = now;
    }

    /// Ids of the lists a contact is on.
    pub(super) fn lists_of(&self, position: u32) -> impl Iterator<Item = Uuid> {
        self.lists
            .iter()
            .filter(move |list| list.members.contains(position))
            .map(|list| list.id)
    }

    /// The position of a list that is not deleted.
    pub(super) fn find_list(&self, id: Uuid) -> Option<usize> {
        self.lists
            .iter()
            .position(|list| list.id == id && list.deleted_at.is_none())
    }

    /// Marks a list deleted and empties it; `false` when there is no such list.
    pub(super) fn delete_list(&mut self, id: Uuid, now: Timestamp) -> bool {
        let Some(list) = self.find_list(id) else {
            return false;
        };
        let list = &mut self.lists[list];
        list.members.clear();
        list.deleted_at = Some(now);
        list.updated_at = now;
        true
    }

    /// The code in [`Values`] of the custom field with this name (not label).
    pub(super) fn custom_code(&self, name: &str) -> Option<u16> {
        let field = self
            .fields
            .iter()
            .position(|field| field.deleted_at.is_none() && field.name == name)?;
        code_of(field)
    }

    /// The code of the custom field with this id.
    pub(super) fn custom_code_by_id(&self, id: Uuid) -> Option<u16> {
        let field = self
            .fields
            .iter()
            .position(|field| field.deleted_at.is_none() && field.id == id)?;
        code_of(field)
    }

    /// The custom field behind a code, unless it was deleted.
    pub(super) fn custom_field(&self, code: u16) -> Option<&CustomField> {
        let position = code.checked_sub(FIRST_CUSTOM_CODE)?;
        self.fields
            .get(usize::from(position))
            .filter(|field| field.deleted_at.is_none())
    }
}

fn index(table: &mut HashTable<Entry>, entry: Entry) {
    let spread = |entry: &Entry| Entry::spread(entry.hash);
    table.insert_unique(spread(&entry), entry, spread);
}

/// The upper half of a hash.
fn half(hash: u64) -> u32 {
    u32::try_from(hash >> 32).expect("32 bits are left")
}

fn code_of(position: usize) -> Option<u16> {
    FIRST_CUSTOM_CODE.checked_add(u16::try_from(position).ok()?)
}

/// A random id; from a fast generator, because an import of 40,000 rows needs as many.
pub(super) fn new_id() -> Uuid {
    uuid::Builder::from_random_bytes(fastrand::u128(..).to_ne_bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-03-01T10:00:00Z".parse().unwrap()
    }

    fn book_with_lists(count: usize) -> Book {
        let mut book = Book::default();
        for number in 0..count {
            book.lists.push(List::new(&format!("List {number}"), now()));
        }
        book
    }

    #[test]
    fn an_address_is_found_in_any_case_and_by_id() {
        let mut book = Book::default();
        for number in 0..1_000 {
            book.add_contact(
                &format!("Person{number}@Example.com"),
                Permission::Implicit,
                now(),
            );
        }
        let found = book.find_by_email("PERSON777@example.COM").unwrap();
        assert_eq!(book.find_by_id(book.contact(found).id), Some(found));
        book.change_email(found, "new@example.com");
        assert_eq!(book.find_by_email("person777@example.com"), None);
        assert_eq!(book.find_by_email("new@example.com"), Some(found));
    }

    #[test]
    fn joining_a_list_revives_the_deleted_and_spares_the_unsubscribed() {
        let mut book = book_with_lists(1);
        let ann = book.add_contact("ann@example.com", Permission::Implicit, now());
        book.join(ann, 0, now());
        book.delete_contact(ann, now());
        assert!(book.contact(ann).is_deleted() && !book.lists[0].members.contains(ann));
        assert_eq!(book.join(ann, 0, now()), Joined::Yes);
        assert!(!book.contact(ann).is_deleted());
        book.unsubscribe(ann, now());
        assert_eq!(book.join(ann, 0, now()), Joined::Unsubscribed);
        assert_eq!(book.lists_of(ann).count(), 0);
    }

    #[test]
    fn a_contact_is_on_50_lists_at_most() {
        let mut book = book_with_lists(52);
        let ann = book.add_contact("ann@example.com", Permission::Implicit, now());
        for list in 0..50 {
            assert_eq!(book.join(ann, list, now()), Joined::Yes);
        }
        assert_eq!(book.join(ann, 50, now()), Joined::TooManyLists);
        assert_eq!(book.join(ann, 3, now()), Joined::Yes, "already a member");
    }
}
