//! A connection that is set up while its account summary meets a fault.

use listbridge::sandbox::{Endpoint, Fault, FaultKind};
use listbridge::storage::entities::connection;
use sea_orm::EntityTrait;
use tokio::net::{TcpSocket, TcpStream};

use super::super::table::{Cell, Given, Outcome};
use super::Seen;
use crate::web::connections::{self as wizard, Application};
use crate::web::{ALICE, spawn_app_with};

/// Sets a connection up; the account summary meets the fault, and the next attempt does not.
pub(super) async fn connect(cell: &Cell) -> Seen {
    let sandbox = wizard::start_sandbox().await;
    // An address of its own for the API: taken, and nobody listens.
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let is_refused = matches!(cell.given, Given::Refused);
    let app = spawn_app_with(|settings| {
        wizard::point_at(settings, &sandbox, Application::Configured);
        if is_refused {
            let api = format!("http://{}/v3", silent.local_addr().unwrap());
            settings.constant_contact_api_url = api.parse().unwrap();
        }
        if matches!(cell.given, Given::Http(FaultKind::NeverEnds, _)) {
            settings.constant_contact_timeout_seconds = 2;
        }
    })
    .await;
    let browser = app.sign_in(ALICE).await;
    let path = wizard::connect(&browser, "Harbour Books", "administrators").await;
    if let Given::Http(kind, when) = cell.given.clone() {
        sandbox.set_fault(Fault {
            endpoint: Endpoint::GetAccountSummary,
            when,
            kind,
        });
    }
    wizard::authenticate(&browser, &sandbox, &path).await;
    // A request that is refused reaches nobody; the token before it does.
    let has_struck = match is_refused {
        true => {
            sandbox.requests(Endpoint::Token) > 0
                && sandbox.requests(Endpoint::GetAccountSummary) == 0
        }
        false => sandbox.requests(Endpoint::GetAccountSummary) > 0,
    };
    let read = async || {
        let db = &**app.services.db;
        connection::Entity::find().one(db).await.unwrap().unwrap()
    };
    let found = read().await;
    sandbox.lift_faults();
    let relay = is_refused.then(|| tokio::spawn(relay(silent, sandbox.addr())));
    if found.authorization != "authorized" {
        // The day's requests may be marked as used up.
        let spent = found.problem.as_deref() == Some("quota_spent");
        if !spent {
            wizard::authenticate(&browser, &sandbox, &path).await;
            assert_eq!(read().await.authorization, "authorized", "the next attempt");
        }
    }
    if let Some(relay) = relay {
        relay.abort();
    }
    Seen {
        outcome: Outcome {
            ends: found.authorization,
            pauses: Vec::new(),
            members: 0,
            uploads: sandbox.requests(Endpoint::ImportFile),
            says: found.problem.unwrap_or_else(|| "no problem".to_owned()),
        },
        are_the_right_people: true,
        has_struck,
    }
}

/// Listens at last, on behalf of `to`.
async fn relay(silent: TcpSocket, to: std::net::SocketAddr) {
    let listener = silent.listen(16).unwrap();
    while let Ok((mut from, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut to = TcpStream::connect(to).await.unwrap();
            // Either side may close it.
            let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
        });
    }
}
