//! Being asked to stop: Ctrl-C, a closed terminal, a polite kill.

/// Waits until somebody asks the process to stop. Where the system gives no such notice it waits for
/// ever, and the process ends as the system ends processes.
#[cfg(unix)]
pub(super) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let listeners = kinds.into_iter().filter_map(|kind| signal(kind).ok());
    let waits = listeners.map(|mut listener| {
        Box::pin(async move {
            listener.recv().await;
        })
    });
    let waits: Vec<_> = waits.collect();
    if waits.is_empty() {
        return std::future::pending().await;
    }
    futures::future::select_all(waits).await;
}

/// Waits until somebody asks the process to stop.
#[cfg(not(unix))]
pub(super) async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
