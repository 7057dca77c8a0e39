//! Where adapters meet functions: the template's picture in one file. A function that is added gets
//! its `Deps` here, and its lane or its routes.

use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use axum::Router;
use domain::message::Queue;
use futures::FutureExt;
use ports::{PortError, QueueName, Sender};

use super::config::Sizes;
use super::entrance::Entrance;
use super::outside::Outside;
use super::pump::{Function, Lane};

/// Seconds a message is hidden while its function works: far more than any unit of work takes.
const HIDE_SECONDS: u32 = 300;
/// Dead letters `failure` gets at once.
const DEAD_LETTERS: u32 = 10;

/// The lane of every queue, and of every dead-letter queue.
pub(super) fn lanes(outside: &Outside, sizes: &Sizes) -> Vec<Lane> {
    let few = sizes.workers.min(2);
    let live = [
        (Queue::Split, few, split(outside, sizes)),
        (Queue::Ingest, sizes.workers, ingest(outside)),
        (Queue::Price, sizes.workers, price(outside)),
        (Queue::Reconcile, few, reconcile(outside, sizes)),
        (Queue::Metrics, few, metrics(outside)),
        (Queue::Export, few, export(outside)),
        (Queue::Notify, few, notify(outside)),
    ];
    let live = live.into_iter().map(|(queue, concurrency, function)| Lane {
        from: QueueName::live(queue),
        function,
        batch: 1,
        concurrency,
        hide_seconds: HIDE_SECONDS,
    });
    let failure = failure(outside);
    let dead = Queue::ALL.into_iter().map(|queue| Lane {
        from: QueueName::dead(queue),
        function: Arc::clone(&failure),
        batch: DEAD_LETTERS,
        concurrency: 1,
        hide_seconds: HIDE_SECONDS,
    });
    live.chain(dead).collect()
}

/// The routes of every HTTP function.
pub(super) fn api(outside: &Outside, sizes: &Sizes) -> Router {
    presign(outside, sizes)
        .merge(status(outside))
        .merge(ledger(outside))
}

/// What the schedule does: sends what was left behind, finds what was lost, expires what never came.
pub(super) async fn sweep(outside: &Outside) -> Result<sweep::Swept, PortError> {
    let (state, sender) = (outside.state.as_ref(), outside.sender.as_ref());
    let (objects, multipart) = (outside.objects.as_ref(), outside.multipart.as_ref());
    sweep::sweep(state, sender, objects, multipart, outside.clock.now()).await
}

/// A function with its dependencies, ready to be invoked any number of times at once.
fn function<D, F, Fut>(deps: D, handle: F) -> Function
where
    D: Send + Sync + 'static,
    F: Fn(SqsEvent, Arc<D>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = SqsBatchResponse> + Send + 'static,
{
    let deps = Arc::new(deps);
    Arc::new(move |event| handle(event, Arc::clone(&deps)).boxed())
}

/// A function's way to the queues its `config.rs` names.
fn entrance(outside: &Outside, may: &'static [Queue]) -> Arc<dyn Sender> {
    let inner = outside.sender.clone();
    Arc::new(Entrance { inner, may })
}

fn split(outside: &Outside, sizes: &Sizes) -> Function {
    let deps = split::handler::Deps {
        state: outside.state.clone(),
        objects: outside.objects.clone(),
        sender: entrance(outside, &split::config::SENDS),
        postponer: outside.postponer.clone(),
        clock: outside.clock.clone(),
        bounds: split::config::Bounds {
            chunk_rows: sizes.chunk_rows,
        },
    };
    function(deps, |event, deps| async move {
        split::handler::handle(event, &deps).await
    })
}

fn ingest(outside: &Outside) -> Function {
    let deps = ingest::handler::Deps {
        state: outside.state.clone(),
        done_sets: outside.done_sets.clone(),
        sender: entrance(outside, &ingest::config::SENDS),
        postponer: outside.postponer.clone(),
        objects: outside.objects.clone(),
        rows: outside.rows.clone(),
        rejects: outside.rejects.clone(),
        clock: outside.clock.clone(),
    };
    function(deps, |event, deps| async move {
        ingest::handler::handle(event, &deps).await
    })
}

fn price(outside: &Outside) -> Function {
    let deps = price::Deps {
        state: outside.state.clone(),
        done_sets: outside.done_sets.clone(),
        sender: entrance(outside, &price::config::SENDS),
        postponer: outside.postponer.clone(),
        objects: outside.objects.clone(),
        prices: outside.prices.clone(),
        clock: outside.clock.clone(),
    };
    function(deps, |event, deps| async move {
        price::handle(event, &deps).await
    })
}

fn reconcile(outside: &Outside, sizes: &Sizes) -> Function {
    let deps = reconcile::Deps {
        state: outside.state.clone(),
        done_sets: outside.done_sets.clone(),
        sender: entrance(outside, &reconcile::config::SENDS),
        postponer: outside.postponer.clone(),
        objects: outside.objects.clone(),
        rows: outside.rows.clone(),
        decisions: outside.decisions.clone(),
        clock: outside.clock.clone(),
        bounds: reconcile::Bounds {
            segment_rows: sizes.segment_rows,
            ..reconcile::Bounds::default()
        },
    };
    function(deps, |event, deps| async move {
        reconcile::handle(event, &deps).await
    })
}

fn metrics(outside: &Outside) -> Function {
    let deps = metrics::Deps {
        state: outside.state.clone(),
        done_sets: outside.done_sets.clone(),
        sender: entrance(outside, &metrics::config::SENDS),
        postponer: outside.postponer.clone(),
        objects: outside.objects.clone(),
        rows: outside.rows.clone(),
        decisions: outside.decisions.clone(),
        prices: outside.prices.clone(),
        transactions: outside.transactions.clone(),
        disposals: outside.disposals.clone(),
        summaries: outside.summaries.clone(),
        kept: metrics::Kept::default(),
        clock: outside.clock.clone(),
    };
    function(deps, |event, deps| async move {
        metrics::handle(event, &deps).await
    })
}

fn export(outside: &Outside) -> Function {
    let deps = export::Deps {
        state: outside.state.clone(),
        done_sets: outside.done_sets.clone(),
        postponer: outside.postponer.clone(),
        objects: outside.objects.clone(),
        transactions: outside.transactions.clone(),
        disposals: outside.disposals.clone(),
        summaries: outside.summaries.clone(),
        rejects: outside.rejects.clone(),
        clock: outside.clock.clone(),
    };
    function(deps, |event, deps| async move {
        export::handle(event, &deps).await
    })
}

fn notify(outside: &Outside) -> Function {
    let deps = notify::Deps {
        state: outside.state.clone(),
        done_sets: outside.done_sets.clone(),
        postponer: outside.postponer.clone(),
        webhooks: outside.webhooks.clone(),
        clock: outside.clock.clone(),
    };
    function(deps, |event, deps| async move {
        notify::handle(event, &deps).await
    })
}

fn failure(outside: &Outside) -> Function {
    let deps = failure::Deps {
        state: outside.state.clone(),
        done_sets: outside.done_sets.clone(),
        sender: entrance(outside, &failure::config::SENDS),
        postponer: outside.postponer.clone(),
        objects: outside.objects.clone(),
        clock: outside.clock.clone(),
    };
    function(deps, |event, deps| async move {
        failure::handle(event, &deps).await
    })
}

fn presign(outside: &Outside, sizes: &Sizes) -> Router {
    presign::router(Arc::new(presign::Deps {
        state: outside.state.clone(),
        signer: outside.upload_signer.clone(),
        multipart: outside.multipart.clone(),
        bounds: presign::config::Bounds {
            single_put_bytes: sizes.single_put_bytes,
            url_valid_seconds: sizes.upload_url_seconds,
            in_flight: sizes.uploads_in_flight,
            per_day: sizes.uploads_per_day,
        },
        clock: outside.clock.clone(),
        ids: outside.ids.clone(),
    }))
}

fn status(outside: &Outside) -> Router {
    status::router(Arc::new(status::Deps {
        state: outside.state.clone(),
        done_sets: outside.done_sets.clone(),
        sender: entrance(outside, &status::config::SENDS),
        objects: outside.objects.clone(),
        signer: outside.download_signer.clone(),
        clock: outside.clock.clone(),
        ids: outside.ids.clone(),
        secrets: outside.secrets.clone(),
        reach: outside.webhook_reach,
    }))
}

fn ledger(outside: &Outside) -> Router {
    ledger::router(Arc::new(ledger::Deps {
        state: outside.state.clone(),
        sender: entrance(outside, &ledger::config::SENDS),
        objects: outside.objects.clone(),
        transactions: outside.transactions.clone(),
        disposals: outside.disposals.clone(),
        summaries: outside.summaries.clone(),
        prices: outside.prices.clone(),
        signer: outside.download_signer.clone(),
        clock: outside.clock.clone(),
        ids: outside.ids.clone(),
    }))
}
