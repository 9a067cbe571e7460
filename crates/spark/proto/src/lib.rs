//! The wire messages of Spark Connect 4.2, and the only safe ways to decode them.
//!
//! [`connect`] is generated from `proto/`. In it, the plans of requests are bytes (see [`opaque`]): [`decode`] turns
//! them into messages. Recursion limits are off in prost, because Spark's plans nest deeper than its limit, so bytes
//! from outside never go to `Message::decode` directly: [`decode`] and the [`codec`] of the generated services look at
//! the nesting first. What the messages mean is no business of this crate.

pub mod codec;
pub mod compression;
pub mod decode;
pub mod limits;
mod nesting;
pub mod opaque;

pub use decode::{DecodeError, decode_plan, decode_relation};

pub use generated::spark::connect;
pub use generated::{dataframe_processor, google::rpc, hearth::worker};

/// The generated code, in modules like its packages, since it names them relatively.
#[allow(clippy::all, clippy::too_many_lines)]
mod generated {
    pub mod spark {
        /// Messages, service traits and clients of the package `spark.connect`.
        pub mod connect {
            tonic::include_proto!("spark.connect");
        }
    }
    pub mod google {
        /// What a call's failure looks like on the wire: `Status`, and the `ErrorInfo` among its details.
        pub mod rpc {
            tonic::include_proto!("google.rpc");
        }
    }
    /// What workers pull and push.
    pub mod dataframe_processor {
        tonic::include_proto!("dataframe_processor");
    }
    pub mod hearth {
        /// What Hearth's own worker sends beside it.
        pub mod worker {
            tonic::include_proto!("hearth.worker");
        }
    }
}

/// The published descriptors, encoded as a `FileDescriptorSet`, for gRPC reflection. Here, plans are messages.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
