//! An installation at work: connected to a simulated account, with the engine running.

use listbridge::clock::Clock;
use listbridge::names::Name;
use listbridge::runs::checks::store as checks;
use listbridge::runs::{Run, store as runs};
use listbridge::sandbox::{
    ActivitySpeed, Endpoint, Fault, FaultKind, Limits, Sandbox, SandboxOptions, When,
};
use listbridge::segments;
use uuid::Uuid;

use crate::book::{Actor, Book};
use crate::support::connections::{Application, add_connection, spawn_app_at_with};
use crate::support::{ALICE, TestApp};
use crate::waiting::until;

pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    pub(crate) app: TestApp,
    pub(crate) alice: Actor,
    pub(crate) connection: Uuid,
}

impl Scene {
    pub(crate) async fn set(book: &mut Book) -> Self {
        let sandbox = Sandbox::start(SandboxOptions {
            limits: Limits::unlimited(),
            activity_speed: ActivitySpeed::immediate(),
            ..SandboxOptions::default()
        })
        .await
        .unwrap();
        let app = spawn_app_at_with(&sandbox, Application::Configured, |settings| {
            settings.engine_speed = 100;
        })
        .await;
        book.hide(sandbox.client_secret());
        let alice = Actor::signed_in(&app, ALICE).await;
        let path = add_connection(&alice.browser, &sandbox, "Newsletter").await;
        let connection = path.rsplit('/').next().unwrap().parse().unwrap();
        Self {
            sandbox,
            app,
            alice,
            connection,
        }
    }

    /// Every request to an endpoint is answered with 403 until the faults are lifted.
    pub(crate) fn refuse(&self, endpoint: Endpoint) {
        self.sandbox.set_fault(Fault {
            endpoint,
            when: When::Always,
            kind: FaultKind::Status(403),
        });
    }

    pub(crate) async fn run(&self, id: Uuid) -> Run {
        runs::get(&**self.app.services.db, id).await.unwrap()
    }

    /// Waits until `is_so` of a run.
    pub(crate) async fn until(&self, id: Uuid, is_so: impl Fn(&Run) -> bool) {
        until("what is waited for of a run", async || {
            is_so(&self.run(id).await)
        })
        .await;
    }

    /// Waits until no run is under way.
    pub(crate) async fn quiet(&self) {
        use listbridge::storage::entities::run;
        use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
        until("the end of every run", async || {
            let unfinished = run::Entity::find().filter(run::Column::FinishedAt.is_null());
            let found = unfinished.one(&**self.app.services.db).await;
            found.unwrap().is_none()
        })
        .await;
    }

    /// Waits until a check has ended.
    pub(crate) async fn checked(&self, id: Uuid) {
        until("the end of a check", async || {
            let check = checks::get(&**self.app.services.db, id).await.unwrap();
            check.finished_at.is_some()
        })
        .await;
    }

    pub(crate) async fn segment(&self, name: &str) -> Uuid {
        let name = Name::parse(name).unwrap();
        let found = segments::store::find_by_name(&**self.app.services.db, &name).await;
        found.unwrap().unwrap().id
    }
}

/// The time of a moment ago, as the database keeps it.
pub(crate) fn just_now() -> listbridge::storage::UtcMillis {
    Clock::system().now().into()
}

/// The id at the end of an address.
pub(crate) fn id_at_end(path: &str) -> Uuid {
    path.rsplit('/').next().unwrap().parse().unwrap()
}
