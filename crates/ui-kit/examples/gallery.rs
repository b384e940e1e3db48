//! Every widget on one of several pages, to look at.
//!
//! ```text
//! cargo run -p ui-kit --example gallery -- [light|dark] [en|it] [helpme|consent|console|fields|report|chat|screen|session|account]
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use codec::{Picture, PixelSize};
use eframe::NativeOptions;
use egui::{Align, Layout, Panel, ScrollArea, Ui, vec2};
use protocol::admin::people::SignInKind;
use protocol::{OwnAccount, OwnAnswer, OwnQuestion, OwnSignIn, PeerId, RefusalCode};
use ui_kit::remote_view::{PictureSlot, RemoteView, ViewOptions, ViewSize};
use ui_kit::theme::{self, REGULAR, SMALL_SIZE};
use ui_kit::widgets::{
    Bubble, DialogSize, Field, Leading, Notices, Push, Row, banner_ui, card_ui, chat_entry_ui,
    chat_lines_ui, check_ui, chip_ui, choice_ui, countdown_ui, dialog_buttons_ui, dialog_ui,
    divider_ui, empty_state_ui, fact_ui, feature_ui, heading_ui, icon_button_ui, icon_toggle_ui,
    initials_ui, link_button_ui, logo_ui, menu_item_ui, page_ui, password_field_ui, row_ui,
    section_header_ui, segments_ui, status_bar_ui, switch_ui, text_area_ui, text_field_ui,
    ticket_entry_ui, ticket_number_ui,
};
use ui_kit::words::{ask_consent, refusal_text, ticket_template};
use ui_kit::{
    Clock, Icon, InputTap, Lang, OwnForm, OwnWish, Palette, ThemeChoice, Tone, Word, run_app, text,
    w,
};

struct Gallery {
    lang: Lang,
    page: String,
    digits: String,
    name: String,
    password: String,
    draft: String,
    body: String,
    depth: u8,
    switched: bool,
    checked: bool,
    control: bool,
    chosen: usize,
    notices: Notices,
    view: Arc<Mutex<RemoteView>>,
    focused_once: bool,
    own: OwnForm,
    has_second_factor: bool,
}

fn main() -> eframe::Result {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let asked = |word: &str| args.iter().any(|arg| arg == word);
    let theme = match (asked("dark"), asked("light")) {
        (true, _) => ThemeChoice::Dark,
        (_, true) => ThemeChoice::Light,
        _ => ThemeChoice::System,
    };
    let lang = if asked("it") { Lang::It } else { Lang::En };
    let options = ["light", "dark", "en", "it"];
    let page = args.iter().find(|arg| !options.contains(&arg.as_str()));
    let page = page.cloned().unwrap_or_else(|| "helpme".to_owned());
    let size = match page.as_str() {
        "helpme" | "consent" | "chat" => vec2(440.0, 640.0),
        _ => vec2(1080.0, 720.0),
    };
    let native = NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_inner_size(size)
            .with_title("Gallery"),
        ..Default::default()
    };
    let tap = InputTap::new(|event| eprintln_event(&event));
    let shared = Arc::clone(&tap);
    let creator: eframe::AppCreator<'_> = Box::new(move |creation| {
        theme::install(&creation.egui_ctx);
        theme.apply(&creation.egui_ctx);
        Ok(Box::new(Gallery::new(
            lang,
            page,
            &creation.egui_ctx,
            shared,
        )))
    });
    run_app("Gallery", native, creator, Some(tap))
}

#[expect(clippy::print_stderr, reason = "shows by hand what a host would get")]
fn eprintln_event(event: &ui_kit::TapEvent) {
    eprintln!("{event:?}");
}

impl Gallery {
    fn new(lang: Lang, page: String, ctx: &egui::Context, tap: Arc<InputTap>) -> Self {
        let wake = ctx.clone();
        let slot = PictureSlot::new(move || wake.request_repaint());
        slot.publish(&test_picture(), &[], 1);
        let mut notices = Notices::default();
        if page == "console" {
            notices.push(Tone::Good, w(lang, Word::CopiedNotice));
        }
        Self {
            lang,
            page,
            digits: "4829".to_owned(),
            name: "Anna Rossi".to_owned(),
            password: "correct horse".to_owned(),
            draft: String::new(),
            body: ticket_template(lang, true).to_owned(),
            depth: 0,
            switched: true,
            checked: false,
            control: true,
            chosen: 0,
            notices,
            view: Arc::new(Mutex::new(RemoteView::new(1, slot, Some(tap)))),
            focused_once: false,
            own: OwnForm::default(),
            has_second_factor: false,
        }
    }
}

/// Fine lines and all shades: what a blur or a wrong colour would show on.
fn test_picture() -> Picture {
    let mut picture = Picture::new(PixelSize::new(1600, 900));
    for y in 0..900 {
        for (x, pixel) in (0_u32..).zip(picture.row_mut(y)) {
            *pixel = if y < 300 {
                if (x + y) % 2 == 0 { 0x00ff_ffff } else { 0 }
            } else if y < 600 {
                (x % 256) << 16 | (y % 256) << 8 | ((x + y) % 256)
            } else {
                0x0020_4060
            };
        }
    }
    picture
}

impl eframe::App for Gallery {
    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let lang = self.lang;
        if self.page != "screen" {
            status_bar_ui(
                ui,
                Tone::Good,
                w(lang, Word::Ready),
                "hub.example.org",
                "0.1.0",
            );
        }
        match self.page.as_str() {
            "helpme" => self.helpme_ui(ui),
            "consent" => self.consent_ui(ui),
            "chat" => self.chat_ui(ui),
            "fields" => self.fields_ui(ui),
            "report" => self.report_ui(ui),
            "screen" => self.screen_ui(ui),
            "session" => self.session_ui(ui),
            "account" => self.account_ui(ui),
            _ => self.console_ui(ui),
        }
        self.notices.ui(ui.ctx(), lang);
    }
}

impl Gallery {
    /// **Your account**, with a hub that takes everything but the password "wrong".
    fn account_ui(&mut self, ui: &mut Ui) {
        let clock = Clock::now();
        for wish in self.own.ui(ui.ctx(), self.lang, clock, true) {
            let OwnWish::Ask(question) = wish else {
                continue;
            };
            let answer = match question {
                OwnQuestion::ChangePassword { password, .. }
                | OwnQuestion::BeginSecondFactor { password, .. }
                    if &*password.0 == "wrong" =>
                {
                    OwnAnswer::Refused(RefusalCode::WRONG_CREDENTIALS.into())
                }
                OwnQuestion::Show => OwnAnswer::Account(self.own_account(clock)),
                OwnQuestion::BeginSecondFactor { .. } => OwnAnswer::SecondFactor {
                    address: "otpauth://totp/Pure%20Help%20Desk:anna?secret=ABCDEFGHIJKLMNOPQRSTUVWXYZ234567&issuer=Pure%20Help%20Desk".into(),
                },
                OwnQuestion::ConfirmSecondFactor { .. } | OwnQuestion::RenewRecoveryCodes { .. } => {
                    self.has_second_factor = true;
                    let codes = (0..10).map(|n| format!("ab{n}c-de{n}f-gh{n}i-jk{n}l"));
                    let codes = codes.map(|code| code.as_str().into()).collect();
                    OwnAnswer::RecoveryCodes { codes }
                }
                OwnQuestion::ChangePassword { .. }
                | OwnQuestion::RemoveSecondFactor { .. }
                | OwnQuestion::EndSignIn { .. } => OwnAnswer::Done,
            };
            self.own.take(answer);
        }
    }

    fn own_account(&self, clock: Clock) -> OwnAccount {
        let now = clock.now_unix_seconds * 1000;
        let sign_in = |id: u8, kind, program: &str, ago_hours: i64| OwnSignIn {
            sign_in: PeerId([id; 16]),
            kind,
            program: program.into(),
            address: "192.0.2.7".into(),
            since_unix_millis: now - ago_hours * 3_600_000,
            last_used_unix_millis: (id < 3).then_some(now - 60_000),
            is_this: id == 1,
        };
        OwnAccount {
            name: "anna".into(),
            display_name: "Anna Bianchi".into(),
            has_second_factor: self.has_second_factor,
            recovery_codes_left: 9,
            must_have_second_factor: false,
            password_chars: 8,
            sign_ins: vec![
                sign_in(1, SignInKind::Console, "pure-help-desk 0.1.0 linux", 1),
                sign_in(2, SignInKind::Administration, "hub-admin 0.1.0 windows", 3),
                sign_in(3, SignInKind::Administration, "hub-admin 0.1.0 macos", 60),
            ],
        }
    }

    fn brand_ui(&mut self, ui: &mut Ui, name: &str) {
        let palette = Palette::of(ui);
        ui.horizontal(|ui| {
            logo_ui(ui, 34.0);
            ui.add_space(2.0);
            ui.label(text(name, 19.0, 680.0, palette.text));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                icon_button_ui(ui, Icon::Settings, w(self.lang, Word::Settings), true);
                let moon = if ui.visuals().dark_mode {
                    Icon::Sun
                } else {
                    Icon::Moon
                };
                if icon_button_ui(ui, moon, w(self.lang, Word::SwitchTheme), true).clicked() {
                    ThemeChoice::opposite_of_shown(ui.ctx()).apply(ui.ctx());
                }
            });
        });
    }

    fn helpme_ui(&mut self, ui: &mut Ui) {
        let lang = self.lang;
        page_ui(ui, |ui| {
            let palette = Palette::of(ui);
            self.brand_ui(ui, "helpme");
            ui.add_space(26.0);
            heading_ui(
                ui,
                w(lang, Word::LetSomeoneHelp),
                w(lang, Word::AskForTicket),
            );
            ui.add_space(14.0);
            ui.horizontal(|ui| {
                let label = w(lang, Word::Ticket);
                ui.label(text(label, SMALL_SIZE, theme::MEDIUM, palette.text));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    link_button_ui(ui, Some(Icon::ClipboardPaste), w(lang, Word::Paste));
                });
            });
            ui.add_space(-2.0);
            let entry = ticket_entry_ui(ui, w(lang, Word::Ticket), &mut self.digits, false);
            if !std::mem::replace(&mut self.focused_once, true) {
                entry.response.request_focus();
            }
            ui.add_space(6.0);
            let field = Field::new(w(lang, Word::YourName)).hint(w(lang, Word::YourNameHint));
            text_field_ui(ui, &field, &mut self.name);
            ui.add_space(8.0);
            let go = Push::primary(w(lang, Word::Helpme)).trailing_icon(Icon::ArrowRight);
            ui.add(go.large().wide().enabled(self.digits.len() >= 4));
            ui.add_space(10.0);
            card_ui(ui, |ui| {
                let (title, note) = (Word::StayInControl, Word::StayInControlNote);
                feature_ui(ui, Icon::Hand, Tone::Accent, w(lang, title), w(lang, note));
            });
        });
    }

    fn consent_ui(&mut self, ui: &mut Ui) {
        let lang = self.lang;
        page_ui(ui, |ui| {
            self.brand_ui(ui, "helpme");
            ui.add_space(20.0);
            ui.vertical_centered(|ui| {
                initials_ui(ui, "Marco Bianchi", 64.0);
            });
            ui.add_space(6.0);
            heading_ui(
                ui,
                &ask_consent(lang, "Marco Bianchi", Some("Comune di Prova")),
                w(lang, Word::AsksFor),
            );
            ui.add_space(6.0);
            card_ui(ui, |ui| {
                check_ui(
                    ui,
                    &mut self.control,
                    w(lang, Word::RightSee),
                    Some(w(lang, Word::RightSeeNote)),
                );
                divider_ui(ui);
                switch_ui(
                    ui,
                    &mut self.switched,
                    w(lang, Word::RightControl),
                    Some(w(lang, Word::RightControlNote)),
                );
                divider_ui(ui);
                ui.add_enabled_ui(false, |ui| {
                    switch_ui(ui, &mut self.checked, w(lang, Word::RightFiles), None);
                });
            });
            ui.add_space(4.0);
            banner_ui(ui, Tone::Warning, w(lang, Word::NothingSeenAnyMore));
            banner_ui(
                ui,
                Tone::Danger,
                &refusal_text(lang, RefusalCode::TICKET_EXPIRED.into()),
            );
            ui.add_space(4.0);
            ui.columns(2, |columns| {
                columns[0].add(Push::secondary(w(lang, Word::Refuse)).large().wide());
                let accept = Push::primary(w(lang, Word::KeepHub)).icon(Icon::Check);
                columns[1].add(accept.large().wide());
            });
            ui.add_space(4.0);
            ui.add(
                Push::danger(w(lang, Word::End))
                    .icon(Icon::Square)
                    .large()
                    .wide(),
            );
        });
    }

    fn chat_ui(&mut self, ui: &mut Ui) {
        let lang = self.lang;
        page_ui(ui, |ui| {
            section_header_ui(ui, w(lang, Word::Chat), "");
            ui.add_space(4.0);
            let lines_height = ui.available_height() - 52.0;
            ui.allocate_ui(vec2(ui.available_width(), lines_height), |ui| {
                let clock = Clock::now();
                let line = |mine, text| Bubble {
                    mine,
                    name: "Anna Rossi",
                    at_unix_seconds: clock.now_unix_seconds - 60,
                    note: "",
                    text,
                };
                chat_lines_ui(
                    ui,
                    clock,
                    [
                        line(false, "Buongiorno, la stampante non va più."),
                        line(true, "Hello! I will have a look. Please type the ticket."),
                        line(false, "Ok"),
                        line(
                            true,
                            "A long line of text that has to be wrapped because it does not fit \
                             into one line of this window.",
                        ),
                    ],
                );
            });
            let (hint, send) = (w(lang, Word::ChatHint), w(lang, Word::Send));
            chat_entry_ui(ui, hint, send, &mut self.draft);
        });
    }

    fn console_ui(&mut self, ui: &mut Ui) {
        let lang = self.lang;
        let palette = Palette::of(ui);
        let frame = egui::Frame::new().fill(palette.background).inner_margin(18);
        Panel::left("tickets")
            .exact_size(340.0)
            .frame(frame)
            .show(ui, |ui| {
                self.brand_ui(ui, w(lang, Word::PureHelpDesk));
                ui.add_space(10.0);
                card_ui(ui, |ui| {
                    section_header_ui(ui, w(lang, Word::Tickets), "");
                    ticket_number_ui(ui, "4829130571");
                    ui.horizontal(|ui| {
                        chip_ui(ui, w(lang, Word::TicketOpen), Tone::Accent);
                        ui.label(text("14:05", SMALL_SIZE, REGULAR, palette.dim));
                    });
                    let field = Field::new(w(lang, Word::TicketText));
                    text_area_ui(ui, &field, &mut self.body, 7);
                    ui.horizontal(|ui| {
                        ui.add(Push::secondary(w(lang, Word::Copy)).icon(Icon::Copy));
                        ui.add(Push::secondary(w(lang, Word::Email)).icon(Icon::Mail));
                    });
                    let generate = Push::primary(w(lang, Word::GenerateIt)).icon(Icon::Ticket);
                    ui.add(generate.wide());
                });
            });
        page_ui(ui, |ui| {
            ui.horizontal(|ui| {
                let all = [(0_u8, w(lang, Word::All)), (1, w(lang, Word::Users))];
                if let Some(made) = segments_ui(ui, self.depth.min(1), &all) {
                    self.depth = made;
                }
                icon_toggle_ui(
                    ui,
                    Icon::ListFilter,
                    w(lang, Word::Filter),
                    true,
                    self.switched,
                );
                icon_button_ui(ui, Icon::Monitor, w(lang, Word::RemoteSession), true);
                icon_button_ui(ui, Icon::MessageSquare, w(lang, Word::Chat), false);
            });
            card_ui(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                let rows = [
                    (
                        Icon::LifeBuoy,
                        Tone::Accent,
                        "ANNA-PC",
                        "Anna Rossi · Windows 11",
                        true,
                    ),
                    (Icon::Monitor, Tone::Good, "server-01", "Debian 13", false),
                ];
                for (index, (icon, tone, title, detail, busy)) in rows.into_iter().enumerate() {
                    let badge = busy.then(|| (w(lang, Word::Connected), Tone::Good));
                    let row = Row {
                        leading: Leading::Icon(icon, tone),
                        title,
                        detail,
                        badge,
                        trailing: "48291",
                        selected: self.chosen == index,
                        away: false,
                    };
                    let response = row_ui(ui, &row);
                    if response.clicked() {
                        self.chosen = index;
                    }
                    response.context_menu(|ui| menu_ui(ui, lang));
                }
                let row = Row {
                    leading: Leading::Initials("Marco Bianchi"),
                    title: "Marco Bianchi",
                    detail: w(lang, Word::Operator),
                    badge: None,
                    trailing: "",
                    selected: false,
                    away: false,
                };
                row_ui(ui, &row);
            });
            empty_state_ui(
                ui,
                Icon::Users,
                w(lang, Word::NobodyHere),
                w(lang, Word::NobodyHereNote),
            );
        });
    }

    fn fields_ui(&mut self, ui: &mut Ui) {
        let lang = self.lang;
        let palette = Palette::of(ui);
        page_ui(ui, |ui| {
            ScrollArea::vertical().show(ui, |ui| {
                heading_ui(ui, w(lang, Word::Options), "");
                ui.columns(2, |columns| {
                    let ui = &mut columns[0];
                    section_header_ui(
                        ui,
                        w(lang, Word::UserAccount),
                        w(lang, Word::PasswordInFileNote),
                    );
                    text_field_ui(ui, &Field::new(w(lang, Word::UserName)), &mut self.name);
                    password_field_ui(
                        ui,
                        lang,
                        &Field::new(w(lang, Word::Password)),
                        &mut self.password,
                    );
                    let wrong = Field::new(w(lang, Word::Port));
                    let wrong = wrong.error(Some(w(lang, Word::PortWrong))).width(140.0);
                    text_field_ui(ui, &wrong, &mut "70000".to_owned());
                    check_ui(ui, &mut self.checked, w(lang, Word::RememberPassword), None);
                    check_ui(
                        ui,
                        &mut self.switched,
                        w(lang, Word::ConnectOnStartUp),
                        Some(w(lang, Word::ConnectOnStartUpNote)),
                    );
                    ui.add_enabled_ui(false, |ui| {
                        text_field_ui(
                            ui,
                            &Field::new(w(lang, Word::ServerAddress)),
                            &mut String::new(),
                        );
                    });

                    let ui = &mut columns[1];
                    section_header_ui(ui, w(lang, Word::Options), "");
                    let depths = [
                        (0, w(lang, Word::DepthLossless)),
                        (1, w(lang, Word::DepthTrue)),
                    ];
                    let field = Field::new(w(lang, Word::ColorDepth));
                    if let Some(depth) = choice_ui(ui, &field, self.depth.min(1), &depths) {
                        self.depth = depth;
                    }
                    ui.horizontal(|ui| {
                        for tone in [
                            Tone::Neutral,
                            Tone::Accent,
                            Tone::Good,
                            Tone::Warning,
                            Tone::Danger,
                        ] {
                            chip_ui(ui, &format!("{tone:?}"), tone);
                        }
                    });
                    ui.horizontal(|ui| {
                        ui.add(Push::primary(w(lang, Word::Save)));
                        ui.add(Push::secondary(w(lang, Word::Cancel)));
                        ui.add(Push::quiet(w(lang, Word::Cancel)).icon(Icon::ArrowLeft));
                        ui.add(Push::danger(w(lang, Word::End)));
                    });
                    ui.horizontal(|ui| {
                        ui.add(Push::primary(w(lang, Word::Save)).enabled(false));
                        let reason = Some(w(lang, Word::NotOnThisPlatform));
                        ui.add(Push::secondary(w(lang, Word::BlankScreen)).unless(reason));
                    });
                    ui.horizontal(|ui| {
                        countdown_ui(ui, 21.0, 30.0);
                        countdown_ui(ui, 5.0, 30.0);
                    });
                    card_ui(ui, |ui| {
                        fact_ui(ui, w(lang, Word::Requester), "Anna Rossi");
                        fact_ui(ui, w(lang, Word::Duration), "1 h 02 min");
                        fact_ui(ui, w(lang, Word::Ticket), "482-913-057");
                    });
                    card_ui(ui, |ui| menu_ui(ui, lang));
                    ui.label(text(
                        "ŻÓŁW Größe açúcar Žluťoučký ΑΩ Дом €",
                        14.0,
                        REGULAR,
                        palette.text,
                    ));
                    ui.monospace("SHA256 9f:86:d0:81:88:4c:7d:65 0O1lI");
                });
            });
        });
    }

    fn report_ui(&mut self, ui: &mut Ui) {
        let lang = self.lang;
        self.console_ui(ui);
        let title = w(lang, Word::ReportTitle);
        let icon = Some((Icon::ClipboardPen, Tone::Accent));
        dialog_ui(ui.ctx(), "report", DialogSize::Medium, icon, title, |ui| {
            fact_ui(ui, w(lang, Word::Requester), "Anna Rossi");
            fact_ui(ui, w(lang, Word::Duration), "12 min 40 s");
            let problem = Field::new(w(lang, Word::Problem)).hint(w(lang, Word::ProblemHint));
            text_area_ui(ui, &problem, &mut self.draft, 3);
            let solution = Field::new(w(lang, Word::Solution)).hint(w(lang, Word::SolutionHint));
            text_area_ui(ui, &solution, &mut String::new(), 3);
            dialog_buttons_ui(ui, |ui| {
                ui.add(Push::primary(w(lang, Word::FinishReport)));
                ui.add(Push::secondary(w(lang, Word::FinishLater)));
            });
        });
    }

    fn screen_ui(&mut self, ui: &mut Ui) {
        let options = ViewOptions {
            label: w(self.lang, Word::RemoteScreen),
            size: if self.depth == 0 {
                ViewSize::Actual
            } else {
                ViewSize::Fit
            },
            picture_percent: 100,
            control: self.control,
            keys_by_place: false,
            drawn_elsewhere: false,
            step_px: 1,
        };
        Panel::top("bar").show(ui, |ui| {
            ui.horizontal(|ui| {
                if icon_button_ui(ui, Icon::Maximize, w(self.lang, Word::SizeFit), true).clicked() {
                    self.depth = 1 - self.depth.min(1);
                }
                ui.menu_button(w(self.lang, Word::SessionMenu), |ui| menu_ui(ui, self.lang));
                let field = Field::default().hint("chat").width(200.0);
                text_field_ui(ui, &field, &mut self.draft);
            });
        });
        egui::CentralPanel::default()
            .frame(egui::Frame::NONE)
            .show(ui, |ui| lock(&self.view).ui(ui, &options));
    }
}

impl Gallery {
    /// The remote screen in a window of its own, as the console shows it.
    fn session_ui(&mut self, ui: &mut Ui) {
        self.console_ui(ui);
        let view = Arc::clone(&self.view);
        let label = w(self.lang, Word::RemoteScreen);
        let builder = egui::ViewportBuilder::default()
            .with_title("Session")
            .with_inner_size(vec2(700.0, 500.0));
        let id = egui::ViewportId::from_hash_of("session");
        ui.ctx()
            .show_viewport_deferred(id, builder, move |ui, _class| {
                let size = ViewSize::Fit;
                let options = ViewOptions {
                    label,
                    size,
                    picture_percent: 100,
                    control: true,
                    keys_by_place: false,
                    drawn_elsewhere: false,
                    step_px: 1,
                };
                let frame = egui::Frame::NONE;
                egui::CentralPanel::default()
                    .frame(frame)
                    .show(ui, |ui| lock(&view).ui(ui, &options));
            });
    }
}

fn lock(view: &Mutex<RemoteView>) -> MutexGuard<'_, RemoteView> {
    view.lock().unwrap_or_else(PoisonError::into_inner)
}

fn menu_ui(ui: &mut Ui, lang: Lang) {
    ui.set_min_width(220.0);
    ui.spacing_mut().item_spacing.y = 2.0;
    menu_item_ui(
        ui,
        Some(Icon::Monitor),
        w(lang, Word::RemoteSession),
        false,
        None,
    );
    menu_item_ui(
        ui,
        Some(Icon::MessageSquare),
        w(lang, Word::Chat),
        true,
        None,
    );
    let reason = Some(w(lang, Word::NotOnThisPlatform));
    menu_item_ui(
        ui,
        Some(Icon::Unplug),
        w(lang, Word::DisconnectThisPc),
        false,
        reason,
    );
}
