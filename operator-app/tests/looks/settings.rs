//! **Settings > Options**: each tab, as it begins and with everything wrong.

use desktop::Keeper;
use egui_kittest::Harness;
use looks::{Album, Window};
use operator_app::action::Action;
use operator_app::settings::Settings;
use operator_app::state::proxy::ProxyTesting;
use operator_app::views::settings::{SettingsForm, Tab, settings_ui};
use ui_kit::{Lang, Tone};

use crate::MAY_BE_CUT;

const MAIN: Window = Window::new((1080.0, 720.0), (760.0, 540.0));

type Shown = (Lang, SettingsForm, Vec<Action>);

fn form(lang: Lang) -> SettingsForm {
    let settings = Settings {
        server_address: "hub.example.org".to_owned(),
        user_name: "otto".to_owned(),
        fingerprint: "ab".repeat(32),
        remember_password: true,
        ..Settings::default()
    };
    let place = match lang {
        Lang::En => "In a file that only your account can read.",
        Lang::It => "In un file leggibile solo dal tuo account.",
    };
    SettingsForm::new(&settings, Default::default(), place.to_owned())
}

fn add(album: &mut Album, name: &str, change: impl Fn(&mut SettingsForm)) {
    let make = |lang| {
        let mut form = form(lang);
        change(&mut form);
        (lang, form, Vec::new())
    };
    let draw = |ui: &mut egui::Ui, (lang, form, actions): &mut Shown| {
        settings_ui(ui, *lang, form, actions);
    };
    album.add_then(
        name,
        MAIN,
        make,
        draw,
        |_: &mut Harness<'static, Shown>, _lang| {},
    );
}

#[test]
fn o2_o3_o4_the_options_fit_in_every_look() {
    let mut album = Album::of("console", MAY_BE_CUT);
    add(&mut album, "options-account", |_form| {});
    add(&mut album, "options-portable", |form| {
        let place = form.password_place.clone();
        form.kept_by(Keeper::File, place);
        (form.is_portable, form.protect, form.show_faults) = (true, true, true);
    });
    add(&mut album, "options-sealed", |form| {
        let place = form.password_place.clone();
        form.kept_by(Keeper::Sealed, place);
    });
    add(&mut album, "options-wrong", |form| {
        form.account.port = "70000".to_owned();
        form.account.fingerprint = "abc".to_owned();
        form.account.host = "anna@example.org".to_owned();
        (form.popups.enable, form.popups.quiet) = (true, true);
        form.quiet.0 = "late".to_owned();
        form.show_faults = true;
    });
    add(&mut album, "options-operation", |form| {
        (form.tab, form.has_tray) = (Tab::Operation, true);
    });
    add(&mut album, "options-proxy", |form| form.tab = Tab::Proxy);
    add(&mut album, "options-proxy-wrong", |form| {
        (form.tab, form.proxy.enable, form.proxy.custom) = (Tab::Proxy, true, true);
        form.proxy.port = "0".to_owned();
        form.show_faults = true;
        let said = "proxy.example.org: 407".to_owned();
        form.proxy.test = ProxyTesting::Said(Tone::Danger, said);
    });
    album.finish();
}
