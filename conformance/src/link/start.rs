//! How a connection comes to life: a task that reads, one that writes, and one that keeps its place at the door.

use super::connection::Link;
use super::doorway::Place;
use super::recorder::Recorder;
use super::transcript::What;
use super::{reader, writer};
use crate::wire::Transport;
use mqtt_assay_codec::Version;
use std::rc::Rc;
use tokio::task::spawn_local;

impl Link {
    /// Takes a fresh stream into use, and the place at the door that it was opened from.
    pub(crate) fn start(
        stream: Box<dyn Transport>,
        place: Option<Place>,
        label: String,
        version: Version,
        recorder: Rc<Recorder>,
    ) -> Rc<Self> {
        recorder.speaks(&label, version);
        recorder.record(&label, What::Open);
        let link = Self::new(stream, label, version, recorder);
        let reader = spawn_local(reader::read_all(Rc::clone(&link)));
        let writer = spawn_local(writer::write_all(Rc::clone(&link)));
        link.tasks.borrow_mut().extend([reader.abort_handle(), writer.abort_handle()]);
        if let Some(place) = place {
            let waiting = spawn_local(place.keep());
            *link.at_the_door.borrow_mut() = Some(waiting.abort_handle());
        }
        link
    }
}
