//! The step `exports`: a file of a revision, ordered by the first who asks.

use std::time::Duration;

use domain::exports::ExportFile;
use domain::ids::{LedgerRef, TurnId};
use domain::keys;
use domain::limits::DOWNLOAD_VALID_SECONDS;
use domain::message::Task;
use domain::time::Instant;
use ports::orders::is_ready;
use ports::{DownloadSigner, PortError, Sender, SignedRequest, StateStore};

/// A file of a revision as a signed URL, or `None` while it is being written.
///
/// # Errors
/// What the store or the signer says; asking again is right.
pub(crate) async fn download(
    state: &dyn StateStore,
    sender: &dyn Sender,
    signer: &dyn DownloadSigner,
    owner: &LedgerRef,
    revision: TurnId,
    file: ExportFile,
    now: Instant,
) -> Result<Option<SignedRequest>, PortError> {
    let key = keys::export(owner, revision, file.name());
    let task = Task::Export {
        turn: revision,
        name: file.name().to_owned(),
    };
    if !is_ready(state, sender, owner, &key, &task, now).await? {
        return Ok(None);
    }
    let valid_for = Duration::from_secs(DOWNLOAD_VALID_SECONDS);
    let signed = signer.sign_get(&key, file.name(), now, valid_for).await?;
    Ok(Some(signed))
}
