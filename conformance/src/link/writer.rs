//! Writes what a case sends on one connection, in the order in which it was ordered.

use super::connection::{Link, Order};
use bytes::{Buf, BytesMut};
use std::future::poll_fn;
use std::rc::Rc;

pub(super) async fn write_all(link: Rc<Link>) {
    loop {
        let order = link.orders.borrow_mut().pop_front();
        match order {
            Some(Order::Bytes(first)) => write(&link, link.with_the_following(BytesMut::from(first))).await,
            Some(Order::Acknowledgements(first)) => write(&link, link.with_the_following(first)).await,
            Some(Order::Alone(bytes)) => {
                write(&link, BytesMut::from(bytes)).await;
                tokio::task::yield_now().await;
            }
            Some(Order::Frames(frames)) => {
                for frame in &frames {
                    // Where the broker has ended the connection, the reader tells.
                    let _ = poll_fn(|context| link.poll_frame(context, frame)).await;
                }
                write(&link, BytesMut::new()).await;
            }
            Some(Order::HalfClose) => {
                let _ = poll_fn(|context| link.poll_shutdown(context)).await;
            }
            Some(Order::Close) => {
                let _ = poll_fn(|context| link.poll_shutdown(context)).await;
                link.written.set(true);
                link.arrived.notify_one();
                return;
            }
            None => link.ordered.notified().await,
        }
    }
}

async fn write(link: &Link, mut bytes: BytesMut) {
    while !bytes.is_empty() {
        match poll_fn(|context| link.poll_write(context, &bytes)).await {
            Ok(count) if count > 0 => {
                bytes.advance(count);
                link.flow.went(!bytes.is_empty());
            }
            // The broker has ended the connection: its end is told by the reader.
            _ => {
                link.flow.went(false);
                break;
            }
        }
    }
    // A layer may hold back what it could not write at once. Where the broker is gone, the reader tells.
    let _ = poll_fn(|context| link.poll_flush(context)).await;
}
