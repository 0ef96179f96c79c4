//! How a client came to the connection that a case is about: what holds of its first connection holds of any.

use super::client::Client;
use super::draft::{Draft, connect};
use super::subject::Subject;
use super::verdict::Stop;
use mqtt_assay_codec::QoS;

/// How a client came to its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joining {
    /// It has no earlier one that counts.
    Fresh,
    /// It resumes its session, for so many times now.
    Resumed(u32),
    /// It takes over its session from a connection that still stands.
    TakenOver,
    /// It ends a connection that still stands, and makes a clean start.
    TakenOverClean,
    /// It has sent ten messages at this QoS on it.
    Busy(QoS),
    /// It goes on with packet identifiers above 32,767, where the case asks for some.
    HighIdentifiers,
}

impl Joining {
    /// As the first part of a member's name tells it.
    pub fn named_in(member: &str) -> Self {
        match member.split('.').next().unwrap_or_default() {
            "resumed" => Self::Resumed(1),
            "second-time" => Self::Resumed(2),
            "third-time" | "third" => Self::Resumed(3),
            "taken-over" => Self::TakenOver,
            "taken-over-clean" => Self::TakenOverClean,
            "eleventh" => Self::Busy(QoS::AtMostOnce),
            "high-identifier" => Self::HighIdentifiers,
            _ => Self::Fresh,
        }
    }

    /// The kind of connection whose next one, by a client that has been away, is of this kind.
    #[must_use]
    pub fn one_before(self) -> Self {
        match self {
            Self::Resumed(times) if times > 1 => Self::Resumed(times - 1),
            _ => Self::Fresh,
        }
    }
}

impl Subject {
    /// Set-up: a connection of this kind, whose CONNECT has this and what makes it one of the kind.
    pub async fn join(&self, joining: Joining, role: &'static str, draft: Draft) -> Result<Client, Stop> {
        match joining {
            Joining::Fresh | Joining::HighIdentifiers => self.connect_at_once(role, draft).await,
            Joining::Busy(qos) => {
                let mut client = self.connect_at_once(role, draft).await?;
                for _ in 0..10 {
                    client.publish("weather", b"as before", qos).await?;
                }
                Ok(client)
            }
            Joining::Resumed(times) => {
                let mut client = self.with_session(role).await?;
                for _ in 1..times {
                    client.disconnect().await?;
                    client = in_kept_session(self.connect_at_once(role, connect().persistent()).await?)?;
                }
                client.disconnect().await?;
                in_kept_session(self.connect_at_once(role, draft.resume()).await?)
            }
            Joining::TakenOver => {
                let mut first = self.with_session(role).await?;
                let second = in_kept_session(self.connect_at_once(role, draft.resume()).await?)?;
                first.ended().await.map(|()| second)
            }
            Joining::TakenOverClean => {
                let mut first = self.connect_at_once(role, connect()).await?;
                let second = self.connect_at_once(role, draft.cleanly()).await?;
                first.ended().await.map(|()| second)
            }
        }
    }

    /// Set-up: a client with a session, and a subscription in it: there are brokers that keep none without.
    async fn with_session(&self, role: &'static str) -> Result<Client, Stop> {
        let mut client = self.connect_at_once(role, connect().persistent()).await?;
        client.subscribe("mail", QoS::AtLeastOnce).await?;
        Ok(client)
    }
}

/// Set-up: CONNACK says that the session is there.
fn in_kept_session(client: Client) -> Result<Client, Stop> {
    if client.session_is_present() {
        return Ok(client);
    }
    let why = format!("{}: CONNACK says Session Present 0, where a session was left", client.role());
    Err(Stop::Inconclusive { why, line: None })
}

#[cfg(test)]
mod tests {
    use super::Joining;

    #[test]
    fn a_kind_is_named_and_has_one_before_it() {
        assert_eq!(Joining::named_in("second-time.qos1").one_before(), Joining::named_in("resumed"));
        assert_eq!(Joining::named_in("resumed").one_before(), Joining::Fresh);
        assert_eq!(Joining::named_in("taken-over-clean").one_before(), Joining::named_in("fresh"));
    }
}
