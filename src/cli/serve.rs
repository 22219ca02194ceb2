//! `listbridge serve`.

use tokio::signal::unix::{SignalKind, signal};

use crate::clock::Clock;
use crate::config::Settings;
use crate::startup::Application;

/// Runs until SIGINT or SIGTERM, then stops in order.
pub(super) async fn run(settings: Settings) -> anyhow::Result<()> {
    let public_url = settings.public_url.clone();
    let application = Application::build(settings, Clock::system()).await?;
    println!("Listbridge listens on http://{}", application.address());
    let services = application.services();
    if !services.set_up.is_done(&**services.db).await? {
        println!(
            "Nobody can sign in yet. Open {} and enter this set-up token: {}",
            public_url.join("set-up")?,
            services.set_up.token()
        );
    }
    let (handle, engine) = (application.handle(), services.engine.clone());
    tokio::spawn(async move {
        stop_signal().await;
        // At once, not after the last open page.
        engine.stop_taking();
        tracing::info!("stopping");
        handle.stop(true).await;
    });
    application.run().await?;
    Ok(())
}

/// Resolves when the process is asked to stop.
pub(super) async fn stop_signal() {
    let mut terminate =
        signal(SignalKind::terminate()).expect("a Unix process can listen for SIGTERM");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
