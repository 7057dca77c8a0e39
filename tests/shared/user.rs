//! A client of a stack, wherever the stack runs, with a folder for its files.

use std::path::PathBuf;

use millrace::client::{
    Accepted, Client, Endpoint, JobAnswer, SettingsChange, UploadAnswer, UploadRequest, fingerprint,
};
use millrace::stack::Stack;
use millrace::tokens::TENANT;
use reqwest::{Method, RequestBuilder};
use tempfile::TempDir;

use crate::results::{RESULTS, Results};

/// The ledger of every test.
pub const LEDGER: &str = "main";

/// Who uploads files, waits for jobs and downloads results. Every method panics when the stack
/// refuses: a test that expects a refusal asks the client.
pub struct User {
    /// The client.
    pub client: Client,
    endpoint: Endpoint,
    http: reqwest::Client,
    folder: TempDir,
}

impl User {
    /// The user that the command has: the tenant `local` of a stack in this process.
    #[must_use]
    pub fn of(stack: &Stack) -> Self {
        Self::named(stack, TENANT)
    }

    /// The user of a stack in this process who is this tenant.
    #[must_use]
    pub fn named(stack: &Stack, tenant: &str) -> Self {
        let token = stack.token(tenant).expect("a token");
        Self::at(Endpoint::local(stack.base_url().to_owned(), token))
    }

    /// A user of the stack at an endpoint, with its token.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        let client = Client::new(endpoint.clone()).expect("a client");
        let http = reqwest::Client::builder().no_proxy().build();
        Self {
            client,
            endpoint,
            http: http.expect("a client"),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// A request to the API as this user, for what the client does not show: statuses, headers, bodies
    /// as they are.
    pub fn http(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.endpoint.base_url);
        let request = self.http.request(method, url);
        match &self.endpoint.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Stores bytes as a file to upload.
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    /// What a client would ask for a file.
    pub async fn request(&self, name: &str, bytes: &[u8]) -> UploadRequest {
        let print = fingerprint(&self.file(name, bytes))
            .await
            .expect("a fingerprint");
        UploadRequest {
            filename: name.to_owned(),
            size: print.size,
            sha256: print.sha256,
            ledger: LEDGER.to_owned(),
            ..UploadRequest::default()
        }
    }

    /// Uploads bytes; the job may still be running.
    pub async fn upload(&self, name: &str, bytes: &[u8]) -> UploadAnswer {
        let request = self.request(name, bytes).await;
        self.client
            .upload(&self.folder.path().join(name), &request)
            .await
            .expect("an upload")
    }

    /// Waits for a job; every answer seen on the way adds up (I3).
    pub async fn end_of(&self, job: &str) -> JobAnswer {
        self.client.wait(job, adds_up).await.expect("the job's end")
    }

    /// Uploads bytes and waits for a good end.
    pub async fn ingest(&self, name: &str, bytes: &[u8]) -> JobAnswer {
        let job = self.upload(name, bytes).await.job_id;
        let end = self.end_of(&job).await;
        assert!(end.succeeded(), "{name}: {end:?}");
        end
    }

    /// Gives the ledger its prices and waits for them.
    pub async fn price(&self, csv: &[u8]) -> JobAnswer {
        let file = self.file("prices.csv", csv);
        let Accepted { job_id } = self.client.put_prices(LEDGER, &file).await.expect("prices");
        let end = self.end_of(&job_id).await;
        assert!(end.succeeded(), "{end:?}");
        end
    }

    /// Gives the ledger its cost method and base currency, and waits for that.
    pub async fn settle(&self, method: &str, base: &str) {
        let change = SettingsChange {
            method: Some(method.to_owned()),
            base: Some(base.to_owned()),
        };
        let asked = self.client.put_settings(LEDGER, &change).await;
        if let Some(Accepted { job_id }) = asked.expect("settings") {
            let end = self.end_of(&job_id).await;
            assert!(end.succeeded(), "{end:?}");
        }
    }

    /// Every result file, as it is.
    pub async fn results(&self) -> Results {
        let mut results = Results::new();
        for name in RESULTS {
            let to = self.folder.path().join("out").join(name);
            std::fs::create_dir_all(to.parent().expect("a folder")).expect("out/");
            let path = format!("/v1/ledgers/{LEDGER}/exports/{name}");
            self.client
                .download("a result", &path, &to)
                .await
                .expect(name);
            results.insert(name.to_owned(), std::fs::read(&to).expect(name));
        }
        results
    }
}

/// I3 in one answer.
///
/// # Panics
/// It does not add up.
pub fn adds_up(job: &JobAnswer) {
    let counts = &job.counts;
    let settled =
        counts.accepted + counts.duplicate + counts.rejected + counts.ignored + counts.failed;
    assert_eq!(
        counts.total,
        settled + counts.pending,
        "{counts:?} in state {}",
        job.state
    );
    assert!(
        !job.is_terminal || counts.pending == 0,
        "{counts:?} at the end"
    );
}
