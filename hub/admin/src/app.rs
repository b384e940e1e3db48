//! Routes: news of the hub into the state, wishes of the views to the hub.

mod answers;
mod bundle;
mod films;
mod logo;
mod questions;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use desktop::{SettingsFile, WindowPlace};
use egui::{Context, Ui, ViewportId};
use protocol::admin::{Answer, Question, films as ask_films};
use protocol::{ProxyError, RefusalCode};
use tempfile::TempPath;
use transport::client::ConnectError;
use ui_kit::widgets::Notices;
use ui_kit::words::{certificate_problem, other_version, proxy_text, refusal_text};
use ui_kit::{Clock, Enlarged, Lang, ProxyForm, TextSize, Tone, Word, w};

use crate::exports::Document;
use crate::fetch::{self, Fetch};
use crate::incoming::Incoming;
use crate::link::{Link, News, Order, Problem, SignIn, Wake};
use crate::settings::{Saver, Settings};
use crate::state::{Exporting, Standing, State, Topic, Wish};
use crate::views;
use crate::watch::Watch;
use crate::words::{Say, s};

/// Smallest window, in points.
pub const SMALLEST_WINDOW: (f32, f32) = (820.0, 560.0);

/// What the program starts with.
#[derive(Debug)]
pub struct Start {
    pub settings: Settings,
    pub settings_problem: bool,
    /// Of the window, in points.
    pub size: (f32, f32),
    pub file: SettingsFile,
    /// Where films that are looked at are kept for that time.
    pub films: PathBuf,
}

/// The window.
pub struct AdminApp {
    state: State,
    settings: Settings,
    enlarged: Enlarged,
    saver: Saver,
    link: Link,
    /// What the questions under way are for.
    asked: BTreeMap<u32, Topic>,
    last_question: u32,
    /// Numbers what is asked for and can be given up.
    last_number: u32,
    notices: Notices,
    wake: Wake,
    /// Where films that are looked at are kept for that time.
    films: PathBuf,
    fetch: Option<Fetch>,
    /// The running session that is watched.
    watch: Option<Watch>,
    /// The film that is played; gone when it is closed.
    film_file: Option<TempPath>,
    /// A document of reports on its way.
    document: Option<Document>,
    /// Texts on their way to files.
    saving: Vec<Incoming<PathBuf>>,
    logos: logo::Logos,
}

impl std::fmt::Debug for AdminApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdminApp").finish_non_exhaustive()
    }
}

impl AdminApp {
    /// Starts the window and its way to the hub.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn new(ctx: &Context, start: Start) -> std::io::Result<Self> {
        ui_kit::theme::install(ctx);
        start.settings.theme.apply(ctx);
        let enlarged = Enlarged::new(ctx, start.settings.text_size, start.size, SMALLEST_WINDOW);
        let wake: Wake = {
            let ctx = ctx.clone();
            Arc::new(move || ctx.request_repaint_of(ViewportId::ROOT))
        };
        let program = format!(
            "hub-admin {} {}",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS
        );
        let link = Link::start(program, Arc::clone(&wake))?;
        let saver = Saver::start(start.file, Arc::clone(&wake))?;
        fetch::clean(&start.films);
        let settings = start.settings;
        let mut state = State::new(settings.lang());
        state.text_size = settings.text_size;
        state.sign_in.hub.clone_from(&settings.hub);
        state.sign_in.fingerprint.clone_from(&settings.fingerprint);
        state.sign_in.user.clone_from(&settings.user);
        let mut notices = Notices::default();
        if start.settings_problem {
            notices.push(Tone::Danger, w(state.lang, Word::SettingsBroken));
        }
        Ok(Self {
            state,
            settings,
            enlarged,
            saver,
            link,
            asked: BTreeMap::new(),
            last_question: 0,
            last_number: 0,
            notices,
            wake,
            films: start.films,
            fetch: None,
            watch: None,
            film_file: None,
            document: None,
            saving: Vec::new(),
            logos: logo::Logos::default(),
        })
    }

    fn take_news(&mut self) {
        while let Some(news) = self.link.take() {
            match news {
                News::SignedIn { name } => {
                    self.state.standing = Standing::In { name, lost: false };
                    self.state.sign_in.problem = None;
                    self.state.sign_in.proxy = None;
                    self.state.sign_in.password = Default::default();
                    self.state.sign_in.invitation.clear();
                    self.remember_sign_in();
                }
                News::CodeWanted => {
                    self.state.standing = Standing::GivingCode;
                    self.state.sign_in.code = Default::default();
                }
                News::NotSignedIn(problem) => {
                    self.state.standing = Standing::Out;
                    let is_wrong = matches!(&problem, Problem::Refused(refusal)
                        if refusal.code == RefusalCode::WRONG_CREDENTIALS);
                    self.state.sign_in.retype = is_wrong;
                    let text = problem_text(self.state.lang, &problem);
                    let form = &mut self.state.sign_in;
                    form.problem = Some(text);
                    let before = form.proxy.take();
                    if let Some(error) = of_proxy(&problem) {
                        form.proxy = ProxyForm::of(error, before);
                    }
                }
                News::Answered(number, answer) => {
                    if let Some(topic) = self.asked.remove(&number) {
                        self.take_answer(topic, answer);
                    }
                }
                News::Lost => {
                    self.line_is(true);
                    if let Some(form) = &mut self.state.own {
                        form.lost();
                    }
                }
                News::Back => {
                    self.line_is(false);
                    // what was under way is not answered any more
                    self.asked.clear();
                    self.logos = logo::Logos::default();
                    if let Some(Exporting::Bundle(_)) = &self.state.films.exporting {
                        // the hub forgot it when the line broke
                        self.state.films.exporting = None;
                        self.tell_not_saved(w(self.state.lang, Word::NoConnection));
                    }
                    if self.document.take().is_some() {
                        self.tell_not_saved(w(self.state.lang, Word::NoConnection));
                    }
                    if let Some(watch) = &mut self.watch {
                        watch.ask_again();
                    }
                    self.state.refresh();
                }
                News::SignedOut(problem) => {
                    self.asked.clear();
                    self.logos = logo::Logos::default();
                    self.document = None;
                    self.state.forget();
                    let text = problem_text(self.state.lang, &problem);
                    self.state.sign_in.problem = Some(text);
                }
            }
        }
    }

    /// The number of what is asked for next and can be given up.
    fn next_number(&mut self) -> u32 {
        self.last_number = self.last_number.wrapping_add(1);
        self.last_number
    }

    fn line_is(&mut self, is_lost: bool) {
        if let Standing::In { lost, .. } = &mut self.state.standing {
            *lost = is_lost;
        }
    }

    fn send(&mut self) {
        for (topic, question) in std::mem::take(&mut self.state.outbox) {
            self.last_question = self.last_question.wrapping_add(1);
            let number = self.last_question;
            self.asked.insert(number, topic);
            if !self.link.give(Order::Ask(number, question)) {
                self.asked.remove(&number);
                self.take_answer(topic, Answer::Refused(RefusalCode::TIMED_OUT.into()));
            }
        }
    }

    fn sign_in(&mut self) {
        let form = &mut self.state.sign_in;
        let (Ok(hub), Some(pin), true) = (form.address(), form.pin(), form.is_sound()) else {
            form.show_faults = true;
            return;
        };
        form.problem = None;
        let order = Order::SignIn(SignIn {
            hub,
            pin,
            user: form.user.trim().to_owned(),
            password: form.password.clone(),
            invitation: form.invitation().and_then(Result::ok).map(|i| i.token),
            proxy: form.proxy.as_mut().and_then(ProxyForm::login),
        });
        if self.link.give(order) {
            self.state.standing = Standing::SigningIn;
        }
    }

    fn remember_sign_in(&mut self) {
        let form = &self.state.sign_in;
        let hub = form
            .address()
            .map_or_else(|_| form.hub.clone(), |a| a.to_string());
        self.settings.hub = hub;
        form.fingerprint
            .trim()
            .clone_into(&mut self.settings.fingerprint);
        form.user.trim().clone_into(&mut self.settings.user);
        self.save_settings();
    }

    fn save_settings(&self) {
        self.saver.save(&self.settings);
    }

    fn tell_unsaved(&mut self) {
        if let Some(problem) = self.saver.problem() {
            let text = format!("{} ({problem})", w(self.state.lang, Word::SettingsNotSaved));
            self.notices.push(Tone::Danger, text);
        }
    }

    fn fulfil(&mut self, ctx: &Context, wish: Wish) {
        match wish {
            Wish::SignIn => self.sign_in(),
            Wish::CancelSignIn => {
                self.link.give(Order::SignOut);
                self.state.standing = Standing::Out;
            }
            Wish::SignOut => {
                self.link.give(Order::SignOut);
                self.asked.clear();
                self.logos = logo::Logos::default();
                self.document = None;
                self.state.forget();
            }
            Wish::Go(section) => {
                self.state.section = section;
                self.state.refresh();
            }
            Wish::SetTheme(theme) => {
                self.settings.theme = theme;
                theme.apply(ctx);
                self.save_settings();
            }
            Wish::SetTextSize(size) => self.set_text_size(size),
            Wish::SetLang(lang) => {
                self.state.lang = lang;
                self.settings.language = Some(lang);
                self.save_settings();
            }
            Wish::Copy(text) => {
                ctx.copy_text(text);
                let copied = w(self.state.lang, Word::CopiedNotice);
                self.notices.push(Tone::Good, copied);
            }
            Wish::SaveText { file_name, text } => self.save_text(&file_name, text),
            Wish::Refresh => self.state.refresh(),
            Wish::GiveCode => {
                let code = self.state.sign_in.code.clone();
                self.state.sign_in.problem = None;
                if self.link.give(Order::GiveCode(code)) {
                    self.state.standing = Standing::SigningIn;
                }
            }
            Wish::ExportReports(format, report) => self.export_reports(format, report),
            Wish::SaveCorrection => self.save_correction(),
            Wish::ExportFilm(cut) => {
                if let Some(film) = &self.state.films.open {
                    let session = film.session;
                    let question = Question::Films(ask_films::Question::Exporting { session });
                    self.state.ask(Topic::Exporting(session, cut), question);
                }
            }
            Wish::TakeLogo(path) => self.choose_logo(path),
            Wish::RemoveLogo => self.remove_logo(),
            Wish::BundleFilm => self.bundle_film(),
            Wish::CancelExport => self.cancel_export(),
        }
    }

    fn set_text_size(&mut self, size: TextSize) {
        self.settings.text_size = size;
        self.state.text_size = size;
        self.enlarged.choose(size);
        self.save_settings();
    }

    /// By the keys of browsers, or as it was chosen.
    fn follow_text_size(&mut self, ctx: &Context) {
        if let Some(size) = self.settings.text_size.asked_by_keys(ctx) {
            self.set_text_size(size);
        }
        let _asked = self.enlarged.follow(ctx, true);
    }

    /// What the next run of the window starts with.
    fn note_window(&mut self, ctx: &Context) {
        let (size, maximized) = ctx.input(|input| {
            let viewport = input.viewport();
            (viewport.inner_rect, viewport.maximized.unwrap_or(false))
        });
        if let Some(rect) = size {
            let (width, height) = match self.settings.window {
                Some(place) if maximized => (place.width, place.height),
                _ => (rect.width(), rect.height()),
            };
            self.settings.window = Some(WindowPlace {
                width,
                height,
                maximized,
            });
        }
    }
}

impl eframe::App for AdminApp {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.state.clock = Clock::now();
        self.follow_text_size(ctx);
        self.take_news();
        self.tell_unsaved();
        self.ask_for_what_is_shown(ctx);
        self.follow_watch(ctx);
        self.follow_film();
        self.follow_export();
        self.follow_document();
        self.follow_saving();
        self.follow_logo(ctx);
        self.send();
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        if let Some(seconds) = frame.info().cpu_usage {
            // what the one before took, to see whether a list scrolls smoothly
            tracing::trace!(millis = seconds * 1000.0, section = ?self.state.section, "Frame");
        }
        self.state.lang.speak_in_widgets(ui.ctx());
        views::window_ui(ui, &mut self.state);
        let ctx = ui.ctx().clone();
        for (tone, text) in std::mem::take(&mut self.state.notices) {
            self.notices.push(tone, text);
        }
        self.notices.ui(&ctx, self.state.lang);
        self.note_window(&ctx);
        for wish in std::mem::take(&mut self.state.wishes) {
            self.fulfil(&ctx, wish);
        }
        if !self.state.outbox.is_empty() {
            self.send();
        }
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.save_settings();
        self.link.give(Order::SignOut);
        // the window is closed already; nothing half done is to stay
        let mut threads = Vec::new();
        threads.extend(self.fetch.take().map(Fetch::give_up));
        threads.extend(self.watch.take().map(Watch::give_up));
        threads.extend(self.saving.drain(..).map(Incoming::give_up));
        threads.extend(self.document.take().and_then(Document::give_up));
        threads.extend(match self.state.films.exporting.take() {
            Some(Exporting::Video(video)) => video.give_up(),
            Some(Exporting::Bundle(bundling)) => bundling.give_up(),
            None => None,
        });
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("A thread that writes a file failed");
            }
        }
    }
}

/// What a proxy on the way says, if that was the reason.
fn of_proxy(problem: &Problem) -> Option<&ProxyError> {
    let Problem::NotReached(error) = problem else {
        return None;
    };
    if let ConnectError::Proxy(error) = &**error {
        Some(error)
    } else {
        None
    }
}

fn problem_text(lang: Lang, problem: &Problem) -> String {
    match problem {
        Problem::Refused(refusal) => refusal_text(lang, *refusal),
        Problem::Nonsense => s(lang, Say::HubNonsense).to_owned(),
        Problem::CodeAnew => s(lang, Say::CodeAnew).to_owned(),
        Problem::NotReached(error) => match &**error {
            ConnectError::ForeignKey => w(lang, Word::HubKeyDiffers).to_owned(),
            ConnectError::Certificate { hub, fault } => certificate_problem(lang, hub, *fault),
            ConnectError::OtherVersion { hub, too_old } => other_version(lang, *too_old, hub),
            ConnectError::Refused(refusal) => refusal_text(lang, *refusal),
            ConnectError::Proxy(error) => proxy_text(lang, error),
            ConnectError::ProxyScript => w(lang, Word::ProxyScript).to_owned(),
            ConnectError::UnknownName { .. }
            | ConnectError::NoAnswer { .. }
            | ConnectError::Failed { .. }
            | ConnectError::Socket(_)
            | _ => w(lang, Word::NoConnection).to_owned(),
        },
    }
}
