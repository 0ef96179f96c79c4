//! How a client's connection ends: by its own DISCONNECT, without one, or by the broker.

use super::Client;
use super::receiving::is_end;
use crate::scenario::draft::{Draft, disconnect};
use crate::scenario::verdict::Stop;
use mqtt_assay_standard::bounds;
use tokio::time::Instant;

impl Client {
    /// Ends the connection as a client should: DISCONNECT, then the close, and waits for the broker's own end, which alone
    /// tells that it has dealt with the DISCONNECT.
    pub async fn disconnect(&mut self) -> Result<(), Stop> {
        self.disconnect_with(disconnect()).await
    }

    /// Like [`Client::disconnect`], with a DISCONNECT of its own.
    pub async fn disconnect_with(&mut self, draft: Draft) -> Result<(), Stop> {
        self.send(draft)?;
        let left = Instant::now();
        // The broker should close first; one that leaves that to the client shows its end after ours.
        if self.next(left + self.context().patient(bounds::MARGIN), is_end).await.is_none() {
            self.link.half_close();
        }
        self.wait_for_end(left).await;
        Ok(())
    }

    /// Ends the network connection without a DISCONNECT, in order, and waits for the broker's own end, which tells that what
    /// carries its connections has seen ours. Its sessions may hear of it later: a will tells when they have.
    pub async fn drop_connection(&mut self) {
        self.link.half_close();
        self.wait_for_end(Instant::now()).await;
    }

    /// Waits for the broker's end, and notes where it didn't come.
    async fn wait_for_end(&self, left: Instant) {
        let limit = self.context().patient(bounds::END);
        if self.next(left + limit, is_end).await.is_none() {
            self.context().end_unseen(&self.link.label, limit);
        }
        self.link.close();
    }

    /// Ends the network connection without a DISCONNECT, by a reset.
    pub fn reset_connection(&self) {
        self.link.reset();
    }

    /// Ends our half of the network connection.
    pub fn half_close(&self) {
        self.link.half_close();
    }

    /// Set-up: waits until the broker has ended the connection.
    pub async fn ended(&mut self) -> Result<(), Stop> {
        let limit = self.context().patient(bounds::SET_UP);
        match self.next(Instant::now() + limit, is_end).await {
            Some(_) => Ok(()),
            None => {
                Err(Stop::Inconclusive { why: format!("{}: not closed within {limit:?}", self.link.label), line: None })
            }
        }
    }
}
