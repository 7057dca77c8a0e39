//! Objects and signed requests on versitygw and on MiniStack's S3.

use std::sync::Arc;

use aws::{S3Multipart, S3Objects, S3Signer, SdkConfig, SystemClock};
use libtest_mimic::Trial;
use ports::Clock;
use ports::contract::{all_but, multipart, objects, signing};
use tests::running::{BUCKET, Running};

use crate::adapters::{Browser, block_on, create_bucket, settings, settings_of_versitygw};
use crate::trial;

/// What versitygw does otherwise than S3 does.
const VERSITYGW: [(&str, &str); 1] = [(
    "a_slash_at_the_end_is_part_of_a_key",
    "its keys are paths of a file system, where a name is that of a file or of a folder",
)];
/// What MiniStack does otherwise than S3 does.
const MINISTACK_SIGNING: [(&str, &str); 1] = [(
    "an_unsigned_request_is_refused",
    "a request without a signature is anonymous, and it lets anonymous requests into every bucket",
)];
/// The same of uploads in parts.
const MINISTACK_MULTIPART: [(&str, &str); 2] = [
    (
        "a_part_too_small_is_a_conflict",
        "it puts parts of any size together",
    ),
    (
        "a_signed_part_takes_what_was_signed_and_nothing_else",
        "a request without a signature is anonymous, and it lets anonymous requests into every bucket",
    ),
];

pub(crate) fn trials(running: &Arc<Running>) -> Vec<Trial> {
    vec![
        trial("objects::on_versitygw", running, |running| {
            block_on(async {
                let config = settings_of_versitygw(running).await;
                let store = S3Objects::new(&config, BUCKET);
                all_but(objects::parts(&store), &VERSITYGW).await;
            });
        }),
        trial("objects::signing_on_versitygw", running, |running| {
            block_on(async {
                let config = settings_of_versitygw(running).await;
                sign(&config, BUCKET, &[]).await;
            });
        }),
        trial("objects::multipart_on_versitygw", running, |running| {
            block_on(async {
                let config = settings_of_versitygw(running).await;
                in_parts(&config, BUCKET, &[]).await;
            });
        }),
        trial("objects::multipart_on_ministack", running, |running| {
            block_on(async {
                let config = settings(running.ministack().endpoint()).await;
                create_bucket(&config, "contract-multipart").await;
                in_parts(&config, "contract-multipart", &MINISTACK_MULTIPART).await;
            });
        }),
        trial("objects::on_ministack", running, |running| {
            block_on(async {
                let config = settings(running.ministack().endpoint()).await;
                create_bucket(&config, "contract-objects").await;
                let store = S3Objects::new(&config, "contract-objects");
                objects::run(&store).await;
            });
        }),
        trial("objects::signing_on_ministack", running, |running| {
            block_on(async {
                let config = settings(running.ministack().endpoint()).await;
                create_bucket(&config, "contract-signing").await;
                sign(&config, "contract-signing", &MINISTACK_SIGNING).await;
            });
        }),
    ]
}

async fn sign(config: &SdkConfig, bucket: &str, cannot: &[(&str, &str)]) {
    let signer = S3Signer::new(config, bucket);
    let world = signing::World {
        uploads: &signer,
        downloads: &signer,
        objects: &S3Objects::new(config, bucket),
        client: &Browser::new(),
        now: SystemClock::new().now(),
    };
    all_but(signing::parts(&world), cannot).await;
}

async fn in_parts(config: &SdkConfig, bucket: &str, cannot: &[(&str, &str)]) {
    let signer = S3Signer::new(config, bucket);
    let world = multipart::World {
        multipart: &S3Multipart::new(config, bucket),
        uploads: &signer,
        downloads: &signer,
        objects: &S3Objects::new(config, bucket),
        client: &Browser::new(),
        now: SystemClock::new().now(),
    };
    all_but(multipart::parts(&world), cannot).await;
}
