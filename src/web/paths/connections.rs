//! Settings > Connections, and where Constant Contact sends the browser back to.

use uuid::Uuid;

/// Settings > Connections.
pub fn connections() -> String {
    "/settings/connections".into()
}

/// Settings > Connections > Discover: the types of connections there are.
pub fn discover_connections() -> String {
    "/settings/connections/discover".into()
}

/// Where the type of a new connection is chosen.
pub fn new_connection() -> String {
    "/settings/connections/new".into()
}

/// Where a connection to Constant Contact is begun.
pub fn new_constant_contact_connection() -> String {
    "/settings/connections/new/constant-contact".into()
}

/// A connection: its wizard while it is incomplete, its state afterwards.
pub fn connection(id: Uuid) -> String {
    format!("/settings/connections/{id}")
}

/// One step or action of a connection: `edit`, `consent`, `application`, `authenticate`, `export-user`, `save`, `remove`.
pub fn connection_action(id: Uuid, action: &str) -> String {
    format!("/settings/connections/{id}/{action}")
}

/// Where Constant Contact sends the browser back after authorising; registered there as the redirect URI.
pub fn constant_contact_callback() -> String {
    "/oauth/constant-contact/callback".into()
}
