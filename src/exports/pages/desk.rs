//! What the handlers of the form do together: gather what there is to choose from, draw, create a list, save.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use sea_orm::{DatabaseConnection, TransactionTrait};

use super::page::{ExportFormPage, Remarks, SavedExport};
use super::schedule_view::ScheduleView;
use crate::connections;
use crate::constant_contact::limits::LIST_NAME_CHARS;
use crate::exports::account::{AccountProblem, Accounts};
use crate::exports::form::{Action, ExportForm, Problem, ProblemKind};
use crate::exports::offers::{AccountOffer, ConnectionOffer, Offers, SegmentOffer, SourceOffer};
use crate::exports::{
    Author, CustomTarget, Export, ExportDefinition, MAX_PROFILES, StoreError, Target, store,
};
use crate::web::{self, PageError, SignedIn, paths};
use crate::{segments, sources};

/// One visit to the form. `saved` is the export being changed, `None` for a new one.
pub(super) struct Desk<'a> {
    pub(super) visit: &'a SignedIn,
    pub(super) db: &'a Data<DatabaseConnection>,
    pub(super) accounts: &'a Data<Accounts>,
    pub(super) saved: Option<Export>,
    /// When the saved export runs by itself.
    pub(super) schedule: Option<ScheduleView>,
}

impl Desk<'_> {
    /// Does what the button that was pressed asks for.
    pub(super) async fn answer(
        &self,
        mut form: ExportForm,
        action: Action,
    ) -> Result<HttpResponse, PageError> {
        let offers = self.gather(&mut form).await?;
        match action {
            Action::Show => form.preselect_email(&offers),
            Action::ShowSource => form.fit_to_source(&offers),
            Action::AddAttribute => form.add_attribute(&offers.fields),
            Action::RemoveAttribute(heading) => form.remove_attribute(&heading),
            Action::CreateList => return self.create_list(form, offers).await,
            Action::Save => return self.check_and_save(form, offers).await,
        }
        self.draw(StatusCode::OK, form, offers, Remarks::default())
    }

    /// Draws the form for the first time.
    pub(super) async fn open(&self, mut form: ExportForm) -> Result<HttpResponse, PageError> {
        let usable = connections::store::list_usable_by(&***self.db, &self.visit.user).await?;
        if let (None, [only]) = (&self.saved, usable.as_slice()) {
            form.connection.get_or_insert(only.id);
        }
        let offers = self.gather(&mut form).await?;
        if self.saved.is_none() {
            form.preselect_email(&offers);
        }
        self.draw(StatusCode::OK, form, offers, Remarks::default())
    }

    /// What there is to choose from. Chooses the first source when none was chosen: there is usually only one.
    pub(super) async fn gather(&self, form: &mut ExportForm) -> Result<Offers, PageError> {
        let db = &***self.db;
        let usable = connections::store::list_usable_by(db, &self.visit.user).await?;
        let connections: Vec<_> = usable
            .into_iter()
            .map(|connection| ConnectionOffer {
                id: connection.id,
                name: connection.name,
            })
            .collect();
        let mut sources = sources::store::list(db)
            .await
            .map_err(PageError::internal)?;
        sources.retain(|source| source.current.is_some());
        if form.source.is_none() {
            form.source = sources.first().map(|source| source.id);
        }
        let source = sources.iter().find(|source| Some(source.id) == form.source);
        let snapshot = source.and_then(|source| source.current.as_ref());
        let fields = snapshot
            .map(|snapshot| snapshot.fields.clone())
            .unwrap_or_default();
        let segments = match source {
            Some(source) => segments::store::list_of_source(db, source.id)
                .await
                .map_err(PageError::internal)?,
            None => Vec::new(),
        };
        let chosen = form
            .connection
            .filter(|id| connections.iter().any(|offer| offer.id == *id));
        let account = match chosen {
            None => AccountOffer::NotChosen,
            Some(id) => match self.accounts.load(id).await {
                Ok(account) => AccountOffer::Loaded(account),
                Err(problem) => AccountOffer::Failed(problem),
            },
        };
        Ok(Offers {
            connections,
            sources: sources
                .into_iter()
                .map(|source| SourceOffer {
                    id: source.id,
                    name: source.name,
                })
                .collect(),
            fields,
            segments: segments
                .into_iter()
                .map(|segment| SegmentOffer {
                    id: segment.id,
                    name: segment.name,
                    member_count: segment.count.map(|count| count.members),
                })
                .collect(),
            account,
            known_custom_fields: self.known_custom_fields(),
        })
    }

    fn known_custom_fields(&self) -> Vec<CustomTarget> {
        let attributes = self
            .saved
            .iter()
            .flat_map(|export| &export.definition.attributes);
        attributes
            .filter_map(|attribute| match &attribute.target {
                Target::Custom(custom) => Some(custom.clone()),
                Target::Standard(_) => None,
            })
            .collect()
    }

    async fn create_list(
        &self,
        mut form: ExportForm,
        offers: Offers,
    ) -> Result<HttpResponse, PageError> {
        let name = form.new_list.trim().to_owned();
        let connection = form.connection.filter(|id| offers.may_use(*id));
        let (field, kind) = match connection {
            None => ("connection", ProblemKind::ConnectionMissing),
            Some(_) if name.is_empty() || name.chars().count() > LIST_NAME_CHARS => {
                ("new_list", ProblemKind::NewListName)
            }
            Some(id) => match self.accounts.create_list(id, &name, self.recorder()).await {
                Ok(list) => {
                    form.list = list.list_id.to_string();
                    form.new_list.clear();
                    let offers = self.gather(&mut form).await?;
                    let note = self
                        .visit
                        .msg("exports-list-created")
                        .text("name", name.as_str())
                        .to_string();
                    let remarks = Remarks {
                        note,
                        ..Remarks::default()
                    };
                    return self.draw(StatusCode::OK, form, offers, remarks);
                }
                Err(problem) => ("new_list", ProblemKind::Account(problem)),
            },
        };
        // What the account has may just have changed, even if the answer was no.
        let offers = self.gather(&mut form).await?;
        self.refuse(form, offers, vec![Problem::new(field, kind)])
    }

    /// What outlives this visit when the browser goes away.
    fn recorder(&self) -> (DatabaseConnection, sources::Author) {
        let author = sources::Author {
            user_id: Some(self.visit.user.id),
            ip: Some(self.visit.ip.clone()),
            at: self.visit.now,
        };
        ((***self.db).clone(), author)
    }

    async fn check_and_save(
        &self,
        form: ExportForm,
        offers: Offers,
    ) -> Result<HttpResponse, PageError> {
        let checked = match form.check(&offers) {
            Ok(checked) => checked,
            Err(problems) => return self.refuse(form, offers, problems),
        };
        let mut definition = checked.definition;
        let list = self
            .accounts
            .find_list(checked.connection_id, definition.list_id)
            .await;
        let mut is_checked = true;
        definition.list_name = match list {
            Ok(list) => Some(list.name),
            Err(problem) if problem.is_temporary() && self.has_same_list(&definition) => {
                is_checked = false;
                self.saved
                    .as_ref()
                    .and_then(|export| export.definition.list_name.clone())
            }
            Err(problem) => {
                let field = if problem.is_about_the_list() {
                    "list"
                } else {
                    ""
                };
                let problem = Problem::new(field, ProblemKind::Account(problem));
                return self.refuse(form, offers, vec![problem]);
            }
        };
        match self.store(&form, definition).await {
            Ok(export) => Ok(self.saved(&export, &offers, is_checked)),
            Err(StoreError::ConnectionGone) => {
                let problem = Problem::new("connection", ProblemKind::ConnectionNotUsable);
                self.refuse(form, offers, vec![problem])
            }
            Err(StoreError::NotFound) => self.tell_removed(form, None).await,
            Err(StoreError::NameTaken) => {
                let problem = Problem::new("name", ProblemKind::NameTaken);
                self.refuse(form, offers, vec![problem])
            }
            Err(StoreError::Changed(present)) => self.tell_conflict(form, offers, *present).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the list was fine when the export was last saved.
    fn has_same_list(&self, definition: &ExportDefinition) -> bool {
        self.saved.as_ref().is_some_and(|export| {
            export.definition.list_id == definition.list_id
                && export.definition.connection_id == definition.connection_id
        })
    }

    async fn store(
        &self,
        form: &ExportForm,
        definition: ExportDefinition,
    ) -> Result<Export, StoreError> {
        let author = author(self.visit);
        let transaction = self.db.begin().await?;
        // Kept there until the export is saved: who removes the connection waits, and then sees that it is used.
        if let Some(id) = definition.connection_id
            && !connections::store::lock(&transaction, id).await?
        {
            return Err(StoreError::ConnectionGone);
        }
        let export = match &self.saved {
            None => store::create(&transaction, definition, author).await?,
            Some(before) => {
                store::update(&transaction, before.id, form.version, definition, author).await?
            }
        };
        transaction.commit().await?;
        Ok(export)
    }

    fn saved(&self, export: &Export, offers: &Offers, is_checked: bool) -> HttpResponse {
        let visit = self.visit;
        let name = export.definition.name.as_str();
        visit.flash_success(visit.msg("exports-saved").text("name", name).to_string());
        if !is_checked {
            visit.flash_warning(visit.t("exports-saved-unchecked"));
        }
        if offers.total_members(&export.definition.segment_ids) > MAX_PROFILES {
            let warning = visit.msg("exports-too-large").num("max", MAX_PROFILES);
            visit.flash_warning(warning.to_string());
        }
        web::see_other(&paths::exports())
    }

    /// Draws the form again with what is wrong: 503 when only the moment is wrong, else 422.
    fn refuse(
        &self,
        form: ExportForm,
        offers: Offers,
        problems: Vec<Problem>,
    ) -> Result<HttpResponse, PageError> {
        let is_temporary = |problem: &Problem| matches!(&problem.kind, ProblemKind::Account(problem) if AccountProblem::is_temporary(problem));
        let status = if problems.iter().all(is_temporary) {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        };
        let remarks = Remarks {
            problems,
            ..Remarks::default()
        };
        self.draw(status, form, offers, remarks)
    }

    pub(super) fn draw(
        &self,
        status: StatusCode,
        form: ExportForm,
        offers: Offers,
        remarks: Remarks,
    ) -> Result<HttpResponse, PageError> {
        let saved = self.saved.as_ref().zip(self.schedule.clone());
        let saved = saved.map(|(export, schedule)| SavedExport {
            id: export.id,
            has_connection: export.definition.connection_id.is_some(),
            schedule,
        });
        let page = self.visit.page("exports");
        web::render_with(
            status,
            &ExportFormPage::new(page, saved, form, offers, remarks),
        )
    }
}

/// The visitor as the author of a change.
pub(super) fn author(visit: &SignedIn) -> Author<'_> {
    Author {
        user_id: Some(visit.user.id),
        ip: Some(&visit.ip),
        at: visit.now,
    }
}
