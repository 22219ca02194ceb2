//! Contact lists, and what people paste when they are asked for the ID of one.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::client::{ApiClient, Call};
use super::error::ClientError;
use super::limits::{LIST_NAME_CHARS, LISTS_PER_PAGE};
use super::paging::Pages;
use super::secrets::AccessToken;
use super::wire::{ContactList, MembershipCount, read_lists_page};

/// Far more than the 1,000 lists an account may have fill (guide, `lists_overview`).
const MAX_PAGES: usize = 20;

/// ID of a contact list. Written in lower case with hyphens, as the vendor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ListId(Uuid);

impl From<Uuid> for ListId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl From<ListId> for Uuid {
    fn from(id: ListId) -> Self {
        id.0
    }
}

impl fmt::Display for ListId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl ApiClient {
    /// All lists of the account that are not deleted, with member counts when asked for (`getLists`).
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn list_contact_lists(
        &self,
        token: &AccessToken,
        count: Option<MembershipCount>,
    ) -> Result<Vec<ContactList>, ClientError> {
        let limit = LISTS_PER_PAGE.to_string();
        let mut query = vec![("limit", limit.as_str()), ("status", "active")];
        query.extend(count.map(|count| ("include_membership_count", count.as_parameter())));
        let first = self.url(&["contact_lists"], &query);
        Pages::new(
            self,
            token,
            "/contact_lists",
            first,
            MAX_PAGES,
            read_lists_page,
        )
        .collect()
        .await
    }

    /// One list (`getList`). It may be a deleted one: look at [`ContactList::deleted_at`].
    ///
    /// # Errors
    /// [`ClientError::NotFound`] for an unknown one, and any other.
    pub async fn get_contact_list(
        &self,
        token: &AccessToken,
        id: ListId,
        count: Option<MembershipCount>,
    ) -> Result<ContactList, ClientError> {
        let id = id.to_string();
        let count = count.map(|count| ("include_membership_count", count.as_parameter()));
        let url = self.url(&["contact_lists", &id], count.as_slice());
        self.call(token, Call::get("/contact_lists/{list_id}", url))
            .await
    }

    /// Creates a list (`createList`).
    ///
    /// # Errors
    /// [`ClientError::Conflict`] when the name is taken; [`ClientError::InvalidRequest`] when it is blank or longer than 255
    /// characters; and any other.
    pub async fn create_contact_list(
        &self,
        token: &AccessToken,
        name: &str,
        description: Option<&str>,
    ) -> Result<ContactList, ClientError> {
        #[derive(Serialize)]
        struct NewList<'a> {
            name: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            description: Option<&'a str>,
        }
        let name = name.trim();
        if name.is_empty() || name.chars().count() > LIST_NAME_CHARS {
            return Err(ClientError::InvalidRequest(
                "a list name has 1 to 255 characters",
            ));
        }
        let url = self.url(&["contact_lists"], &[]);
        let list = NewList { name, description };
        self.call(token, Call::post_json("/contact_lists", url, &list))
            .await
    }
}

/// Why a text does not name a contact list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListIdError {
    /// Nothing was given.
    #[error("no list ID was given")]
    Empty,
    /// Only digits: an ID of the older V2 API, not valid here (guide, `v3_v2_list_deltas`).
    #[error("this is a list ID of the older Constant Contact V2 API")]
    V2,
    /// Several different IDs, so it cannot be known which is meant.
    #[error("the text contains several IDs")]
    Several,
    /// No ID in it.
    #[error("the text contains no list ID")]
    Missing,
}

/// Takes the list ID out of what a person pasted.
///
/// That is the ID in any spelling, or an address of Constant Contact's pages with the ID somewhere in it, such as
/// `https://app.constantcontact.com/pages/contacts/ui#contacts/{list_id}`.
///
/// # Errors
/// [`ListIdError`].
pub fn parse_list_id(text: &str) -> Result<ListId, ListIdError> {
    let text: String = text
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if is_dash(c) { '-' } else { c })
        .collect();
    let text =
        text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>'));
    if text.is_empty() {
        return Err(ListIdError::Empty);
    }
    // The whole text: also without hyphens, in braces or as a URN.
    if text.len() >= 32
        && let Ok(id) = Uuid::try_parse(text)
    {
        return Ok(ListId(id));
    }
    let found: BTreeSet<Uuid> = hyphenated_ids(text).collect();
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(ListId(id)),
        (Some(_), Some(_)) => Err(ListIdError::Several),
        (None, _) if ends_in_number(text) => Err(ListIdError::V2),
        (None, _) => Err(ListIdError::Missing),
    }
}

/// Every ID of the form 8-4-4-4-12 that is not part of a longer word.
fn hyphenated_ids(text: &str) -> impl Iterator<Item = Uuid> {
    const LENGTH: usize = 36;
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.char_indices().filter_map(move |(start, _)| {
        let candidate = text.get(start..start + LENGTH)?;
        let before = text[..start].chars().next_back();
        let after = text[start + LENGTH..].chars().next();
        if before.is_some_and(is_part) || after.is_some_and(is_part) {
            return None;
        }
        candidate
            .parse::<uuid::fmt::Hyphenated>()
            .ok()
            .map(uuid::fmt::Hyphenated::into_uuid)
    })
}

fn ends_in_number(text: &str) -> bool {
    let last = text
        .trim_end_matches(['/', '#', '?', '&'])
        .rsplit(['/', '#', '=', '&', '?'])
        .next()
        .unwrap_or_default();
    !last.is_empty() && last.chars().all(|c| c.is_ascii_digit() || c == ' ')
}

/// Characters that come along when text is copied from a page or a document.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        || c.is_control()
}

/// Hyphens and dashes a word processor puts in place of a plain hyphen.
fn is_dash(c: char) -> bool {
    matches!(
        c,
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "06526938-56dd-11e9-932a-fa163ea075fa";

    #[test]
    fn an_id_is_found_in_every_usual_spelling() {
        for text in [
            ID.to_owned(),
            format!("  {ID}\r\n"),
            ID.to_uppercase(),
            ID.replace('-', ""),
            format!("{{{ID}}}"),
            format!("urn:uuid:{ID}"),
            format!("\"{ID}\""),
            format!("\u{feff}\u{200b}{ID}\u{a0}"),
            ID.replace('-', "\u{2013}"),
            format!("https://app.constantcontact.com/pages/contacts/ui#contacts/{ID}"),
            format!("https://app.constantcontact.com/pages/contacts/ui?list={ID}&sort=name#top"),
            format!("app.constantcontact.com/lists/{ID}/{ID}/"),
            format!("List: {ID}."),
            format!("名單{ID}，謝謝"),
        ] {
            assert_eq!(
                parse_list_id(&text).map(|id| id.to_string()).as_deref(),
                Ok(ID),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_an_id_says_why() {
        let other = "16526938-56dd-11e9-932a-fa163ea075fa";
        for (text, expected) in [
            ("", ListIdError::Empty),
            (" \u{200b}\n", ListIdError::Empty),
            ("1234567890", ListIdError::V2),
            (" 12 ", ListIdError::V2),
            (
                "https://api.constantcontact.com/v2/lists/1234567890",
                ListIdError::V2,
            ),
            (
                "https://ui.constantcontact.com/rnavmap/distui/contacts?listid=42",
                ListIdError::V2,
            ),
            ("General Interest", ListIdError::Missing),
            (
                "https://app.constantcontact.com/pages/contacts/ui#lists",
                ListIdError::Missing,
            ),
            ("06526938-56dd-11e9-932a-fa163ea075f", ListIdError::Missing),
            (
                "06526938-56dd-11e9-932a-fa163ea075fab",
                ListIdError::Missing,
            ),
            ("g6526938-56dd-11e9-932a-fa163ea075fa", ListIdError::Missing),
            (&format!("{ID} {other}"), ListIdError::Several),
        ] {
            assert_eq!(parse_list_id(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn any_text_is_survived_and_any_id_survives_any_surroundings() {
        let mut rng = fastrand::Rng::with_seed(7);
        let noise: Vec<char> = "0a9fF-/#?=&{} \u{2013}漢é\u{200b}".chars().collect();
        for _ in 0..5_000 {
            let mut junk = |most: usize| -> String {
                (0..rng.usize(..most))
                    .map(|_| noise[rng.usize(..noise.len())])
                    .collect()
            };
            let (before, after) = (junk(60), junk(60));
            let _ = parse_list_id(&before);
            let id = Uuid::from_u128(u128::from(before.len() as u64) << 64 | 1 << 100);
            let text = format!("https://x.example/{before}/{id}?{after}");
            if let Ok(found) = parse_list_id(&text) {
                assert_eq!(found, ListId(id), "{text}");
            } else {
                assert_eq!(parse_list_id(&text), Err(ListIdError::Several), "{text}");
            }
        }
    }
}
