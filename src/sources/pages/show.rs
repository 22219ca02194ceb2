//! `GET /sources/{id}`: what a source holds and how its loads went.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::words;
use crate::auth::Permission;
use crate::profiles::Semantic;
use crate::sources::{Snapshot, Source, store};
use crate::web::{self, Page, PageError, SignedIn, Tone, paths};

#[derive(Template)]
#[template(path = "sources/show.html")]
struct SourcePage {
    page: Page,
    source: Source,
    fields: Vec<FieldRow>,
    loads: Vec<LoadRow>,
    may_manage: bool,
}

struct FieldRow {
    name: String,
    field_type: String,
    meaning: String,
}

struct LoadRow {
    snapshot: Snapshot,
    tone: Tone,
    state: String,
    size: String,
}

pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::ViewProfiles)?;
    let source = store::get(&**db, *id).await?;
    let loads = store::list_loads(&**db, source.id)
        .await?
        .into_iter()
        .map(|snapshot| {
            let (tone, state) = words::state(visit.lang, &snapshot);
            LoadRow {
                size: words::size(visit.lang, snapshot.file_bytes),
                snapshot,
                tone,
                state,
            }
        });
    let fields = source.fields().iter().map(|field| FieldRow {
        name: field.name.clone(),
        field_type: words::type_label(visit.lang, field.field_type),
        meaning: field
            .semantic
            .map_or(String::new(), |semantic| meaning(&visit, semantic)),
    });
    web::render(&SourcePage {
        page: visit.page("sources"),
        fields: fields.collect(),
        loads: loads.collect(),
        may_manage: visit.user.role.may(Permission::ManageSources),
        source,
    })
}

fn meaning(visit: &SignedIn, semantic: Semantic) -> String {
    let known = super::chosen::MEANINGS
        .iter()
        .find(|(known, ..)| *known == semantic);
    known.map_or(String::new(), |(_, _, label)| visit.t(label))
}
