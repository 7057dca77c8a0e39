//! What the tests do behind the API's back: `behind.py`, which speaks to the emulator with AWS's own
//! SDK.

use std::path::Path;

use servers::SamCli;

use crate::World;

/// Runs a verb of `behind.py`; answers the lines it printed.
pub(crate) fn run(world: &World, arguments: &[&str]) -> Vec<String> {
    let sam = SamCli::fetch().expect("the SAM command line, which brings the SDK");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deployed/behind.py");
    let output = std::process::Command::new(sam.folder().join("python"))
        .arg(script)
        .args(arguments)
        .env("AWS_ENDPOINT_URL", world.deployment.emulator())
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env_remove("AWS_PROFILE")
        .output()
        .expect("python runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    let printed = String::from_utf8_lossy(&output.stdout);
    let lines = printed.lines().filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// `sam delete`, once its buckets are empty, leaves nothing of the stack.
pub(crate) fn delete(world: &World) {
    let stack = world.deployment.stack();
    let before = run(world, &["left", stack]);
    for kind in [
        "function",
        "queue",
        "table",
        "bucket",
        "rule",
        "API",
        "distribution",
        "role",
        "event source",
    ] {
        assert!(
            before.iter().any(|name| name.starts_with(kind)),
            "{kind} is not among what is deployed, so its absence would show nothing: {before:?}"
        );
    }
    for bucket in ["BucketName", "PageBucketName"] {
        let bucket = world.deployment.output(bucket).expect("the bucket");
        run(world, &["empty", bucket]);
    }
    world
        .deployment
        .delete()
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(run(world, &["left", stack]), Vec::<String>::new());
}
