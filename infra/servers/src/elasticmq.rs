//! ElasticMQ: SQS's queues with redrive policies, in memory.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::Command;

use tempfile::TempDir;

use crate::process::Process;
use crate::{ServerError, http, port, versions};

const NAME: &str = "ElasticMQ";
/// The account in every queue's URL.
const ACCOUNT: &str = "000000000000";
/// The queues of a stack, as the template names them behind the stack's own name.
pub const QUEUES: [&str; 7] = [
    "split",
    "ingest",
    "price",
    "reconcile",
    "metrics",
    "export",
    "notify",
];
/// Receives before a message is a dead letter, as in the template.
const MAX_RECEIVES: u32 = 5;

/// A running ElasticMQ. It takes any credentials and any region.
pub struct ElasticMq {
    endpoint: String,
    _process: Process,
    _folder: TempDir,
}

impl ElasticMq {
    /// Starts it with the queues of one stack per name in `stacks`: `<stack>-ingest` and so on, each
    /// with its dead-letter queue `<stack>-ingest-dlq` behind five receives. Returns when it answers.
    ///
    /// # Errors
    /// It cannot be fetched or does not come up.
    pub fn start(stacks: &[&str]) -> Result<Self, ServerError> {
        let jars = versions::ELASTICMQ.folder()?.join("jars");
        let folder = crate::own_folder(NAME)?;
        let port = port::free()?;
        let config = folder.path().join("elasticmq.conf");
        std::fs::write(&config, configuration(port, stacks))
            .map_err(ServerError::doing("write a configuration"))?;
        let mut java = Command::new("java");
        java.arg("-Xmx512m")
            .arg(format!("-Dconfig.file={}", config.display()))
            .arg("-cp")
            .arg(jars.join("*"))
            .arg("org.elasticmq.server.Main")
            .current_dir(folder.path());
        let mut process = Process::start(NAME, &java, &folder.path().join("log"))?;
        process.wait_until(|| http::answers(port, "/?Action=ListQueues"))?;
        Ok(Self {
            endpoint: format!("http://127.0.0.1:{port}"),
            _process: process,
            _folder: folder,
        })
    }

    /// Its address.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The URL of a queue of a stack; of its dead-letter queue for `ingest-dlq`.
    #[must_use]
    pub fn queue_url(&self, stack: &str, queue: &str) -> String {
        format!("{}/{ACCOUNT}/{stack}-{queue}", self.endpoint)
    }

    /// The URLs of a stack's live queues by their names.
    #[must_use]
    pub fn queue_urls(&self, stack: &str) -> BTreeMap<&'static str, String> {
        QUEUES
            .into_iter()
            .map(|queue| (queue, self.queue_url(stack, queue)))
            .collect()
    }
}

fn configuration(port: u16, stacks: &[&str]) -> String {
    let mut text = format!(
        r#"include classpath("application.conf")
node-address {{ protocol = http, host = "127.0.0.1", port = {port}, context-path = "" }}
rest-sqs {{ enabled = true, bind-hostname = "127.0.0.1", bind-port = {port}, sqs-limits = strict }}
rest-stats {{ enabled = false }}
aws {{ accountId = "{ACCOUNT}" }}
"#
    );
    for stack in stacks {
        for queue in QUEUES {
            let name = format!("{stack}-{queue}");
            // Writing to a string cannot fail.
            let _written = write!(
                text,
                r#"queues."{name}-dlq" {{}}
queues."{name}" {{ deadLettersQueue {{ name = "{name}-dlq", maxReceiveCount = {MAX_RECEIVES} }} }}
"#
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_queue_of_every_stack_has_its_dead_letter_queue() {
        let text = configuration(9, &["one", "two"]);
        for stack in ["one", "two"] {
            for queue in QUEUES {
                let redrive = format!(
                    r#"deadLettersQueue {{ name = "{stack}-{queue}-dlq", maxReceiveCount = 5 }}"#
                );
                assert!(text.contains(&redrive), "{text}");
            }
        }
    }
}
