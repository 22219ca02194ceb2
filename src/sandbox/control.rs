//! What a program may ask of a running sandbox and do to it, beside HTTP.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{
    activities::ActivityState,
    contact::{Permission, STANDARD_FIELDS},
    endpoint::Endpoint,
    faults::{Fault, FaultId},
    lists::List,
    oauth::{self, NotAuthorizable},
    options::Limits,
    server::{Received, Sandbox},
    tokens::{IssuedTokens, Proof},
};

/// A contact as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactView {
    /// Its id at the API.
    pub contact_id: Uuid,
    /// As first written.
    pub email: String,
    /// Permission to send e-mail.
    pub permission: Permission,
    /// Values by import heading: `first_name`, `cf:Loyalty_tier`...
    pub values: BTreeMap<String, String>,
    /// Lists it is on.
    pub lists: Vec<Uuid>,
    /// Whether it was deleted.
    pub is_deleted: bool,
}

/// An activity as a client would see it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityView {
    /// Its id at the API.
    pub activity_id: Uuid,
    /// Where it stands.
    pub state: ActivityState,
    /// Of imports by file.
    pub source_file_name: Option<String>,
}

/// Lists and contacts.
impl Sandbox {
    /// Adds an empty list.
    pub fn create_list(&self, name: &str) -> Uuid {
        let list = List::new(name, self.core.options.clock.now());
        let id = list.id;
        self.core.state().book.lists.push(list);
        id
    }

    /// The list with this name, unless it was deleted.
    pub fn find_list(&self, name: &str) -> Option<Uuid> {
        let state = self.core.state();
        let mut lists = state.book.lists.iter();
        lists
            .find(|list| list.name == name && list.deleted_at.is_none())
            .map(|list| list.id)
    }

    /// Deletes a list at once; `false` when there is none.
    pub fn delete_list(&self, id: Uuid) -> bool {
        self.core
            .state()
            .book
            .delete_list(id, self.core.options.clock.now())
    }

    /// Addresses of a list's members, sorted. Empty for an unknown list.
    pub fn members(&self, list: Uuid) -> Vec<String> {
        let state = self.core.state();
        let Some(list) = state.book.find_list(list) else {
            return Vec::new();
        };
        let positions = state.book.lists[list].members.iter();
        let mut emails: Vec<String> = positions
            .map(|position| state.book.contact(position).email.to_string())
            .collect();
        emails.sort_unstable();
        emails
    }

    /// How many members a list has.
    pub fn member_count(&self, list: Uuid) -> usize {
        let state = self.core.state();
        state
            .book
            .find_list(list)
            .map_or(0, |list| state.book.lists[list].members.len())
    }

    /// The contact with this address, deleted ones included.
    pub fn contact(&self, email: &str) -> Option<ContactView> {
        let state = self.core.state();
        let book = &state.book;
        let position = book.find_by_email(email)?;
        let contact = book.contact(position);
        let name = |code: u16| match STANDARD_FIELDS.get(usize::from(code)) {
            Some(field) => field.name.to_owned(),
            None => book
                .custom_field(code)
                .map(|field| format!("cf:{}", field.name))
                .unwrap_or_default(),
        };
        Some(ContactView {
            contact_id: contact.id,
            email: contact.email.to_string(),
            permission: contact.permission,
            values: contact
                .values
                .iter()
                .map(|(code, text)| (name(code), text.to_owned()))
                .collect(),
            lists: book.lists_of(position).collect(),
            is_deleted: contact.is_deleted(),
        })
    }

    /// Contacts in the account, unsubscribed and deleted ones included.
    pub fn contact_count(&self) -> usize {
        self.core.state().book.contacts.len()
    }

    /// Puts an address on a list, as a person at the vendor would; creates the contact if need be.
    pub fn add_member(&self, list: Uuid, email: &str) {
        let now = self.core.options.clock.now();
        let mut state = self.core.state();
        let book = &mut state.book;
        let known = book.find_by_email(email);
        let position = known.unwrap_or_else(|| book.add_contact(email, Permission::Implicit, now));
        if let Some(list) = book.find_list(list) {
            book.join(position, list, now);
        }
    }

    /// Takes an address off a list, as when a person leaves one list without unsubscribing.
    pub fn leave_list(&self, list: Uuid, email: &str) {
        let mut state = self.core.state();
        let book = &mut state.book;
        if let (Some(position), Some(list)) = (book.find_by_email(email), book.find_list(list)) {
            book.lists[list].members.remove(position);
        }
    }

    /// Marks an address unsubscribed; creates the contact if need be.
    pub fn unsubscribe(&self, email: &str) {
        let now = self.core.options.clock.now();
        let mut state = self.core.state();
        let book = &mut state.book;
        let known = book.find_by_email(email);
        let position = known.unwrap_or_else(|| book.add_contact(email, Permission::Implicit, now));
        book.unsubscribe(position, now);
    }

    /// Deletes the contact with this address, if there is one.
    pub fn delete_contact(&self, email: &str) {
        let mut state = self.core.state();
        if let Some(position) = state.book.find_by_email(email) {
            state
                .book
                .delete_contact(position, self.core.options.clock.now());
        }
    }
}

/// Activities, requests, limits and faults.
impl Sandbox {
    /// Activities a client can see, newest first.
    pub fn activities(&self) -> Vec<ActivityView> {
        let now = self.core.options.clock.now();
        let speed = &self.core.options.activity_speed;
        let state = self.core.state();
        let visible = state.activities.visible(now);
        visible
            .map(|(_, activity)| ActivityView {
                activity_id: activity.id,
                state: activity.state(speed, now),
                source_file_name: activity.source_file_name.clone(),
            })
            .collect()
    }

    /// Waits until the work of every activity that has left `initialized` is done.
    pub async fn settle(&self) {
        self.core.jobs.settled(self.core.options.clock.now()).await;
    }

    /// Requests to an endpoint since the start or the last [`Sandbox::forget_requests`], refused ones included.
    pub fn requests(&self, endpoint: Endpoint) -> u64 {
        self.core
            .state()
            .requests
            .get(&endpoint)
            .copied()
            .unwrap_or_default()
    }

    /// Requests by endpoint.
    pub fn all_requests(&self) -> BTreeMap<Endpoint, u64> {
        self.core.state().requests.clone()
    }

    /// Requests counted against today's quota.
    pub fn requests_today(&self) -> u64 {
        self.core.state().day.used(self.core.options.clock.now())
    }

    /// Requests refused with 429 since the start, whichever limit it was.
    pub fn refused_requests(&self) -> u64 {
        self.core.state().refused
    }

    /// What imports brought in.
    pub fn received(&self) -> Received {
        self.core.state().received
    }

    /// Sets the counts of requests and of what imports brought in to zero; the day's quota stays as it is.
    pub fn forget_requests(&self) {
        let mut state = self.core.state();
        state.requests.clear();
        state.received = Received::default();
    }

    /// Changes the limits from now on.
    pub fn set_limits(&self, limits: Limits) {
        self.core.state().limits = limits;
    }

    /// Plans a fault.
    pub fn set_fault(&self, fault: Fault) -> FaultId {
        self.core.state().faults.set(fault)
    }

    /// Takes a planned fault back.
    pub fn lift_fault(&self, id: FaultId) {
        self.core.state().faults.lift(id);
    }

    /// Takes all planned faults back.
    pub fn lift_faults(&self) {
        self.core.state().faults.lift_all();
    }
}

/// The application, sign-ins and tokens.
impl Sandbox {
    /// The API key.
    pub fn client_id(&self) -> String {
        self.core.state().application.client_id.clone()
    }

    /// The application's secret.
    pub fn client_secret(&self) -> String {
        self.core.state().application.client_secret.clone()
    }

    /// Gives the application a new secret; the old one is dead at once.
    pub fn set_client_secret(&self, secret: &str) {
        secret.clone_into(&mut self.core.state().application.client_secret);
    }

    /// Registers another redirect URI.
    pub fn register_redirect_uri(&self, uri: &str) {
        self.core
            .state()
            .application
            .redirect_uris
            .push(uri.to_owned());
    }

    /// Signs `user_name` in and allows what `authorize_url` asks for, as a person in a browser would; gives the
    /// address the browser is sent to, with the code in its query.
    ///
    /// # Errors
    ///
    /// The text of the page that is shown instead of a redirect, or that nobody has this name.
    pub fn allow(&self, authorize_url: &str, user_name: &str) -> Result<String, String> {
        let query = authorize_url.split_once('?').map_or("", |(_, query)| query);
        let users = &self.core.options.users;
        let user = users.iter().position(|user| user.user_name == user_name);
        let user = user.ok_or_else(|| format!("nobody has the user name {user_name}"))?;
        let asked = match oauth::understand(&self.core, query) {
            Ok(asked) => asked,
            Err(NotAuthorizable::Page(reason)) => return Err(reason.to_owned()),
            Err(NotAuthorizable::Redirect(location)) => return Ok(location),
        };
        let now = self.core.options.clock.now();
        let code = self
            .core
            .state()
            .tokens
            .issue_code(asked.clone(), user, now);
        Ok(oauth::answer_url(
            &asked.redirect_uri,
            &[("code", &code)],
            asked.state.as_deref(),
        ))
    }

    /// Hands out tokens without a sign-in, for tests about something else. `None` when nobody has this name.
    pub fn issue_tokens(&self, user_name: &str, scopes: &[&str]) -> Option<IssuedTokens> {
        let options = &self.core.options;
        let user = options
            .users
            .iter()
            .position(|user| user.user_name == user_name)?;
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let now = options.clock.now();
        Some(self.core.state().tokens.start_family(
            user,
            scopes,
            Proof::Secret,
            &options.tokens,
            now,
        ))
    }

    /// Revokes every token, as when the account's owner disconnects the application.
    pub fn revoke_tokens(&self) {
        self.core.state().tokens.revoke_all();
    }

    /// Ends the life of all access tokens; refresh tokens stay good.
    pub fn expire_access_tokens(&self) {
        self.core.state().tokens.expire_access_tokens();
    }

    /// Refresh tokens that would be accepted now.
    pub fn live_refresh_tokens(&self) -> usize {
        let options = &self.core.options;
        self.core
            .state()
            .tokens
            .live_refresh_tokens(&options.tokens, options.clock.now())
    }
}
