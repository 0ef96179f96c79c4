//! What clients send: a file for each packet and its answer, and `receive`, which makes packets of bytes.
//!
//! Floors, from below: `framing` tells length and version, then a file for each packet, then `malformed` and `receive`.
//! (`work` does long ones in legs.) These two call each other: bytes that were refused may be a packet after all when one rule is waived.
//! May use: everything below, that is the machine and its state, `delivery`, `ending`.

pub(crate) mod acknowledge;
pub(crate) mod authenticate;
pub(crate) mod connect;
pub(crate) mod disconnect;
pub(crate) mod framing;
pub(crate) mod malformed;
pub(crate) mod ping;
pub(crate) mod publish;
pub(crate) mod receive;
pub(crate) mod subscribe;
pub(crate) mod unsubscribe;
pub(crate) mod work;
