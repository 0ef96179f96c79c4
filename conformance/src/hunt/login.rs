//! As whom the hunt connects where a broker lets in only those whom it knows.

use mqtt_assay_codec::Connect;

/// User name and password of every connection of the hunt; a packet that has others of its own keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user name.
    pub user: String,
    /// The password.
    pub password: String,
}

/// The same CONNECT by somebody whom the broker lets in.
pub(super) fn known<'a>(connect: Connect<'a>, login: Option<&'a Login>) -> Connect<'a> {
    match login {
        Some(Login { user, password }) if connect.user_name.is_none() && connect.password.is_none() => {
            Connect { user_name: Some(user), password: Some(password.as_bytes()), ..connect }
        }
        _ => connect,
    }
}
