//! Who may ask, and whose a request is (I8).

use millrace::client::ClientError;

use crate::{World, now_seconds};

/// What is refused: no token, one for another audience, one of another issuer.
pub(crate) fn refused(world: &World) {
    let issuer = world.deployment.issuer();
    let elsewhere = issuer.token_for("another", "ada", now_seconds());
    let forged = world.token("ada").replace('.', ".x");
    for token in [None, Some(elsewhere.expect("a token")), Some(forged)] {
        let client = world.client(token);
        let asked = world
            .runtime
            .block_on(client.job("01900000-0000-7000-8000-000000000000"));
        let refused = asked.expect_err("no good token").to_string();
        assert!(refused.contains("401"), "{refused}");
    }
}

/// One tenant's job is not there for another, and a header of the client's own names nobody.
pub(crate) fn tenants(world: &World) {
    let (ada, eve) = (world.user("ada"), world.user("eve"));
    let job = world.runtime.block_on(async {
        let bytes = b"Date,Sent Amount,Sent Currency,Received Amount,Received Currency\n";
        let request = ada.request("mine.csv", bytes).await;
        ada.client
            .announce(&request)
            .await
            .expect("an upload")
            .job_id
    });
    let mine = world
        .runtime
        .block_on(ada.client.job(&job))
        .expect("my job");
    assert_eq!(mine.state, "awaiting_upload");
    for other in [job.as_str(), "01900000-0000-7000-8000-000000000000"] {
        match world.runtime.block_on(eve.client.job(other)) {
            Err(ClientError::Refused { problem, .. }) => assert_eq!(problem.code, "not_found"),
            end => panic!("{end:?}"),
        }
    }
}
