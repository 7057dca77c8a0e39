//! What the tables do when Cassandra goes away: an error that says "again later", and no new session
//! when it is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use cassandra::Tables;
use domain::ids::{Generation, JobId};
use libtest_mimic::Trial;
use machine::{SystemClock, SystemIds};
use ports::tables::{Reject, Rejects};
use ports::{Clock, Ids, PortError, PortErrorKind};
use servers::Cassandra;
use tests::cloud::{cassandra_settings, tables_in};
use tests::running::Running;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::adapters::block_on;
use crate::trial;

pub(crate) fn trials(running: &Arc<Running>) -> Vec<Trial> {
    vec![
        trial("outages::a_session_outlives_its_server", running, |_| {
            let server = Cassandra::start().expect("Cassandra");
            block_on(killed_and_started_again(server));
        }),
        trial(
            "outages::connections_that_were_closed_meanwhile_are_replaced_at_once",
            running,
            |running| {
                let soon = Duration::from_secs(5);
                block_on(lost_connections(running.cassandra(), CLOSED, soon));
            },
        ),
        trial(
            "outages::connections_that_died_silently_are_replaced",
            running,
            |running| {
                let after_a_keepalive = Duration::from_secs(30);
                block_on(lost_connections(
                    running.cassandra(),
                    SILENT,
                    after_a_keepalive,
                ));
            },
        ),
    ]
}

fn reject(line: u64) -> Reject {
    Reject {
        line,
        offset: 0,
        length: 1,
        code: "amount".to_owned(),
        message: "not a number".to_owned(),
    }
}

/// Writes and reads of one job.
struct Job {
    tables: Tables,
    id: JobId,
}

impl Job {
    fn new(tables: Tables) -> Self {
        let id = SystemIds::new().job_id(SystemClock::new().now());
        Self { tables, id }
    }

    async fn write(&self, lines: &[u64]) -> Result<(), PortError> {
        let rejects: Vec<Reject> = lines.iter().map(|&line| reject(line)).collect();
        let table = &self.tables.rejects;
        table.write(self.id, Generation::FIRST, 0, &rejects).await
    }

    async fn lines(&self) -> Result<Vec<u64>, PortError> {
        let rejects = self
            .tables
            .rejects
            .read(self.id, Generation::FIRST, 0)
            .await?;
        Ok(rejects.iter().map(|reject| reject.line).collect())
    }
}

async fn killed_and_started_again(mut server: Cassandra) {
    let job = Job::new(tables_in(&cassandra_settings(&server, "outage")).await);
    job.write(&[1, 2]).await.expect("written");

    server.kill();
    let begun = Instant::now();
    let error = job.write(&[3]).await.expect_err("nobody is there");
    assert_eq!(error.kind, PortErrorKind::Retry, "{error}");
    let error = job.lines().await.expect_err("nobody is there");
    assert_eq!(error.kind, PortErrorKind::Retry, "{error}");
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );

    server.start_again().expect("again");
    until_it_works(&job).await;
    assert_eq!(
        job.lines().await.expect("read"),
        [1, 2, 3],
        "nothing is lost or doubled"
    );

    // The connections die with the server, and nothing is sent until it is back.
    server.start_again().expect("again");
    job.write(&[4])
        .await
        .expect("the first statement after a pause");
    assert_eq!(job.lines().await.expect("read"), [1, 2, 3, 4]);
}

/// As a queue does it: a message that failed comes again.
async fn until_it_works(job: &Job) {
    let begun = Instant::now();
    while let Err(error) = job.write(&[3]).await {
        assert_eq!(error.kind, PortErrorKind::Retry, "{error}");
        assert!(begun.elapsed() < Duration::from_secs(60), "{error}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// What becomes of connections while a function is frozen.
const ALIVE: u8 = 0;
/// The first byte that is sent on one closes it, as a gateway does that forgot it.
const CLOSED: u8 = 1;
/// Whatever is sent on one is lost, and nobody says so.
const SILENT: u8 = 2;

/// A function that wakes up finds that its connections are gone, and writes over new ones.
async fn lost_connections(server: &Cassandra, fate: u8, within: Duration) {
    let fates = Arc::new(AtomicU8::new(ALIVE));
    let mut settings = cassandra_settings(server, "lost");
    tables_in(&settings).await;
    settings.contact_points = vec![between(server.address(), &fates).await];
    let job = Job::new(
        cassandra::connect(&settings, None)
            .await
            .expect("the tables"),
    );
    job.write(&[1]).await.expect("written");

    fates.store(fate, Ordering::SeqCst);
    let begun = Instant::now();
    job.write(&[2]).await.expect("written over new connections");
    assert!(begun.elapsed() < within, "{:?}", begun.elapsed());
    assert_eq!(job.lines().await.expect("read"), [1, 2]);
}

/// Stands between a session and its server; returns its address. The connections there are when a
/// fate is set meet it; new ones work.
async fn between(server: &str, fates: &Arc<AtomicU8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let (server, fates) = (server.to_owned(), Arc::clone(fates));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let upstream = TcpStream::connect(&server).await.expect("the server");
            let spared = fates.load(Ordering::SeqCst) != ALIVE;
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = upstream.into_split();
            tokio::spawn(carry(from_client, to_server, spared, Arc::clone(&fates)));
            tokio::spawn(carry(from_server, to_client, spared, Arc::clone(&fates)));
        }
    });
    address
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    spared: bool,
    fates: Arc<AtomicU8>,
) {
    let mut bytes = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        let fate = if spared {
            ALIVE
        } else {
            fates.load(Ordering::SeqCst)
        };
        match fate {
            ALIVE if to.write_all(&bytes[..length]).await.is_ok() => {}
            SILENT => {}
            _ => return,
        }
    }
}
