//! Sentences that only Helpme says (E3); the words it shares with the console are in `ui_kit`.

use host_engine::{ConnectProblem, EndCause, LostCause, Trouble};
use protocol::{EndedBy, Hindrance, Rights, ScreenMonitor, Shield};
use ui_kit::words::{
    beginning_of, certificate_problem, hindrance_for_user, name_alone, name_in_sentence,
    names_in_words, other_version, proxy_text, refusal_for_user, session_ended_for_user,
};
use ui_kit::{Lang, Word, w};

/// Picks the sentence of `lang`.
fn pick(lang: Lang, en: &'static str, it: &'static str) -> &'static str {
    match lang {
        Lang::En => en,
        Lang::It => it,
    }
}

/// Whose help desk it is, where that is known.
pub fn help_desk(lang: Lang, organisation: Option<&str>) -> String {
    let name = organisation.map(|name| name_alone(lang, name));
    match (lang, name) {
        (Lang::En, Some(name)) => format!("Help desk: {name}"),
        (Lang::En, None) => "Your help desk".to_owned(),
        (Lang::It, Some(name)) => format!("Assistenza: {name}"),
        (Lang::It, None) => "Il tuo servizio di assistenza".to_owned(),
    }
}

/// The same where there is little room, and less beside news.
pub fn help_desk_in_short(lang: Lang, organisation: Option<&str>, beside_news: bool) -> String {
    let longest = if beside_news { 18 } else { 26 };
    match organisation {
        Some(name) => name_alone(lang, &beginning_of(name, longest)),
        None => help_desk(lang, None),
    }
}

/// That there will be a film, and who keeps it.
pub fn is_filmed(lang: Lang, organisation: Option<&str>) -> String {
    let name = organisation.map(|name| name_in_sentence(lang, name));
    match (lang, name) {
        (Lang::En, Some(name)) => format!("The session is filmed; {name} keeps the film."),
        (Lang::En, None) => "The session is filmed; your help desk keeps the film.".to_owned(),
        (Lang::It, Some(name)) => {
            format!("La sessione viene filmata; il filmato resta a {name}.")
        }
        (Lang::It, None) => {
            "La sessione viene filmata; il filmato resta al servizio di assistenza.".to_owned()
        }
    }
}

/// No server is set.
pub fn no_server(lang: Lang) -> &'static str {
    pick(
        lang,
        "No help desk is set. Enter the address of its server.",
        "Nessun servizio di assistenza impostato. Inserisci l'indirizzo del suo server.",
    )
}

/// The button that lets the operator in.
pub fn allow(lang: Lang) -> &'static str {
    pick(lang, "Allow", "Consenti")
}

/// The question of one more operator (O11).
pub fn asks_to_join(lang: Lang, operator: &str, brought_by: &str) -> String {
    let operator = name_in_sentence(lang, operator);
    if brought_by.is_empty() {
        return match lang {
            Lang::En => format!("{operator} wants to join"),
            Lang::It => format!("{operator} vuole partecipare"),
        };
    }
    let by = name_in_sentence(lang, brought_by);
    match lang {
        Lang::En => format!("{operator} wants to join; {by} asked for that"),
        Lang::It => format!("{operator} vuole partecipare, su richiesta di {by}"),
    }
}

/// The switch for links from pages and mails.
pub fn open_links(lang: Lang) -> &'static str {
    pick(
        lang,
        "Open links with this Helpme",
        "Apri i link con questo Helpme",
    )
}

/// Whether the desktop's own question comes the next time.
pub fn lasting_yes(lang: Lang) -> &'static str {
    pick(
        lang,
        "My desktop need not ask again",
        "Il desktop non deve più chiederlo",
    )
}

/// Below that, beside what the desktop asks.
pub fn lasting_yes_note(lang: Lang) -> &'static str {
    pick(
        lang,
        "Helpme itself asks you every time. You can take this back in the settings.",
        "Helpme te lo chiede comunque ogni volta. Puoi revocarlo nelle impostazioni.",
    )
}

/// Below that, in the settings, where the desktop's store has the secret.
pub fn lasting_yes_in_store(lang: Lang) -> &'static str {
    pick(
        lang,
        "Helpme itself asks you every time. The permission is in your desktop's password store.",
        "Helpme te lo chiede comunque ogni volta. Il permesso è fra le password del desktop.",
    )
}

/// Below that, in the settings, where a file has it.
pub fn lasting_yes_in_file(lang: Lang) -> &'static str {
    pick(
        lang,
        "Helpme itself asks you every time. The permission is in a file that only your account can read.",
        "Helpme te lo chiede comunque ogni volta. Il permesso è in un file che solo il tuo account può leggere.",
    )
}

/// Below that, in the settings, while the desktop asks.
pub fn desktop_asks(lang: Lang) -> &'static str {
    pick(
        lang,
        "Your desktop asks before every session. You can change that when you let somebody in.",
        "Il desktop lo chiede prima di ogni sessione. Puoi cambiarlo quando fai entrare qualcuno.",
    )
}

/// Below that.
pub fn open_links_note(lang: Lang) -> &'static str {
    pick(
        lang,
        "A link in a mail or on the page fills in the ticket. It starts nothing by itself.",
        "Un link in un'e-mail o nella pagina inserisce il ticket. Da solo non avvia nulla.",
    )
}

/// Why links do not open with this program although that was wished for.
pub fn links_taken(lang: Lang) -> &'static str {
    pick(
        lang,
        "Another program opens these links. The settings of your desktop change that.",
        "Questi link si aprono con un altro programma. Puoi cambiarlo nelle impostazioni del desktop.",
    )
}

/// Why nobody can choose what opens links.
pub fn links_of_installed(lang: Lang) -> &'static str {
    pick(
        lang,
        "This system opens such links with an installed Helpme only.",
        "Questo sistema apre questi link solo con un Helpme installato.",
    )
}

/// The choice could not be kept.
pub fn links_failed(lang: Lang) -> &'static str {
    pick(
        lang,
        "This could not be saved on your computer.",
        "Impossibile salvare questa scelta sul tuo computer.",
    )
}

/// Below the question of one more operator: ends what runs meanwhile.
pub fn end_the_session(lang: Lang) -> &'static str {
    pick(lang, "End the whole session", "Termina tutta la sessione")
}

/// What the user reads below the question.
pub fn choose_rights(lang: Lang) -> &'static str {
    pick(
        lang,
        "Choose what you allow. You can end it at any moment.",
        "Scegli cosa consentire. Puoi terminare in ogni momento.",
    )
}

/// Where the ticket came from.
pub fn connected_with(lang: Lang, operator: &str) -> String {
    let operator = name_in_sentence(lang, operator);
    match lang {
        Lang::En => format!("Connected with {operator}"),
        Lang::It => format!("In contatto con {operator}"),
    }
}

/// What happens next, while the operator has not asked yet.
pub fn waiting_for(lang: Lang, operator: &str) -> String {
    let operator = name_in_sentence(lang, operator);
    match lang {
        Lang::En => format!(
            "{operator} sees that you are here and will ask to see your screen in a moment. Nothing can be seen yet."
        ),
        Lang::It => format!(
            "{operator} sa che ci sei e tra un momento chiederà di vedere lo schermo. Per ora non si vede nulla."
        ),
    }
}

/// The operator's connection broke.
pub fn operator_away(lang: Lang, operator: &str) -> String {
    let operator = name_in_sentence(lang, operator);
    match lang {
        Lang::En => format!("{operator} is out of reach right now. Keep this window open."),
        Lang::It => {
            format!("{operator} non è raggiungibile al momento. Tieni aperta questa finestra.")
        }
    }
}

/// After the user said no.
pub fn you_refused(lang: Lang) -> &'static str {
    pick(
        lang,
        "You did not allow it. Nothing was seen.",
        "Non hai dato il consenso. Non è stato visto nulla.",
    )
}

/// After the operator took his question back.
pub fn question_withdrawn(lang: Lang) -> &'static str {
    pick(
        lang,
        "Your helper took the question back.",
        "Chi ti assiste ha ritirato la richiesta.",
    )
}

/// The thanks at the end.
pub fn thanks(lang: Lang, operators: &[String]) -> String {
    let names = names_in_words(lang, operators);
    match (lang, operators.len()) {
        (Lang::En, _) => format!("Thank you. {names} helped you with Helpme."),
        (Lang::It, 1) => format!("Grazie. {names} ti ha aiutato con Helpme."),
        (Lang::It, _) => format!("Grazie. {names} ti hanno aiutato con Helpme."),
    }
}

/// The name of the time a session took.
pub fn lasted(lang: Lang) -> &'static str {
    pick(lang, "Duration", "Durata")
}

/// What the operator was allowed to do.
pub fn was_allowed(lang: Lang) -> &'static str {
    pick(lang, "You allowed", "Hai consentito")
}

/// A right in a few words.
pub fn rights_in_words(lang: Lang, rights: Rights) -> String {
    let mut words = Vec::new();
    if rights.has(Rights::SEE) {
        words.push(pick(lang, "seeing", "vedere"));
    }
    if rights.has(Rights::CONTROL) {
        words.push(pick(lang, "keyboard and mouse", "tastiera e mouse"));
    }
    if rights.has(Rights::FILES) {
        words.push(pick(lang, "files", "file"));
    }
    if rights.has(Rights::CLIPBOARD) {
        words.push(pick(lang, "the clipboard", "appunti"));
    }
    words.join(", ")
}

/// The question after an assistance.
pub fn how_was_it(lang: Lang) -> &'static str {
    pick(lang, "How was it?", "Com'è andata?")
}

/// In the empty field for the answer.
pub fn opinion_hint(lang: Lang) -> &'static str {
    pick(lang, "A line about it, if you like", "Due parole, se vuoi")
}

/// How far the answer is.
pub fn opinion_on_its_way(lang: Lang) -> &'static str {
    pick(lang, "On its way…", "Invio in corso…")
}

/// The help desk has the answer.
pub fn opinion_stored(lang: Lang) -> &'static str {
    pick(
        lang,
        "Thank you, your help desk has it.",
        "Grazie, il tuo parere è arrivato.",
    )
}

/// The help desk does not have it.
pub fn opinion_refused(lang: Lang) -> &'static str {
    pick(
        lang,
        "That did not work. Try again in a minute.",
        "Non ha funzionato. Riprova tra un minuto.",
    )
}

/// Nothing can be said any more.
pub fn opinion_too_late(lang: Lang) -> &'static str {
    pick(
        lang,
        "The connection is closed, so this cannot be sent any more.",
        "Il collegamento è chiuso: non si può più inviare.",
    )
}

/// The heading of the receipt.
pub fn your_receipt(lang: Lang) -> &'static str {
    pick(lang, "Your receipt", "La tua ricevuta")
}

/// What makes a receipt worth something.
pub fn receipt_is_signed(lang: Lang) -> &'static str {
    pick(
        lang,
        "Signed by your help desk. It can check a saved receipt for changes.",
        "Firmata dal tuo servizio di assistenza, che può verificare se una ricevuta salvata è stata cambiata.",
    )
}

/// The button.
pub fn save_receipt(lang: Lang) -> &'static str {
    pick(lang, "Save the receipt", "Salva la ricevuta")
}

/// Where the receipt is now.
pub fn receipt_saved(lang: Lang, path: &str) -> String {
    match lang {
        Lang::En => format!("Saved: {path}"),
        Lang::It => format!("Salvata: {path}"),
    }
}

/// The receipt could not be written.
pub fn receipt_not_saved(lang: Lang) -> &'static str {
    pick(
        lang,
        "The receipt could not be saved on your computer.",
        "Impossibile salvare la ricevuta sul tuo computer.",
    )
}

/// There will be no receipt.
pub fn no_receipt(lang: Lang) -> &'static str {
    pick(
        lang,
        "The connection was closed before a receipt came.",
        "Il collegamento si è chiuso prima che arrivasse una ricevuta.",
    )
}

/// The signature of what came is not the help desk's.
pub fn receipt_forged(lang: Lang) -> &'static str {
    pick(
        lang,
        "A receipt came that your help desk has not signed, so it is not shown. Tell your helper by telephone.",
        "È arrivata una ricevuta che il tuo servizio di assistenza non ha firmato, quindi non viene mostrata. Avvisa per telefono chi ti assiste.",
    )
}

/// An operator's question in the session.
pub fn asks_about_computer(lang: Lang, operator: &str) -> String {
    let operator = name_in_sentence(lang, operator);
    match lang {
        Lang::En => format!("{operator} would like to know what computer this is"),
        Lang::It => format!("{operator} vorrebbe sapere che computer è questo"),
    }
}

/// What the answer would hold.
pub fn about_computer_note(lang: Lang) -> &'static str {
    pick(
        lang,
        "The system, its memory, disks and network, and the names of the busiest programs. No files, no \
         passwords.",
        "Il sistema, la memoria, i dischi, la rete e i nomi dei programmi più attivi. Nessun file, nessuna \
         password.",
    )
}

/// Tells it.
pub fn send_it(lang: Lang) -> &'static str {
    pick(lang, "Send it", "Invia")
}

/// An operator's question in the session.
pub fn asks_to_browse(lang: Lang, operator: &str) -> String {
    let operator = name_in_sentence(lang, operator);
    match lang {
        Lang::En => format!("{operator} wants to look through your folders to fetch files"),
        Lang::It => format!("{operator} vuole consultare le tue cartelle per prelevare file"),
    }
}

/// What they could do then.
pub fn browse_note(lang: Lang) -> &'static str {
    pick(
        lang,
        "They will see the names in your folders and can fetch files from there or add some. Each transfer is \
         listed here, and you can stop it at any time.",
        "Vedrà i nomi nelle tue cartelle e potrà prelevare o aggiungere file. Ogni trasferimento appare qui e \
         puoi interrompere in qualsiasi momento.",
    )
}

/// The user sends files instead.
pub fn choose_files_myself(lang: Lang) -> &'static str {
    pick(lang, "Choose files myself", "Scelgo io i file")
}

/// Who may look through the folders now.
pub fn may_browse(lang: Lang, operator: &str) -> String {
    let operator = name_in_sentence(lang, operator);
    match lang {
        Lang::En => format!("{operator} may look through your folders"),
        Lang::It => format!("{operator} può consultare le tue cartelle"),
    }
}

/// Takes that back.
pub fn stop_browsing(lang: Lang) -> &'static str {
    pick(
        lang,
        "Stop looking through folders",
        "Non far più consultare le cartelle",
    )
}

/// An operator's wish that the user's input is blocked or the screen dark (S2).
pub fn asks_to_shield(lang: Lang, shield: Shield, operator: &str) -> String {
    let operator = name_in_sentence(lang, operator);
    match (lang, shield) {
        (Lang::En, Shield::Input) => {
            format!("{operator} would like to work without your keyboard and mouse")
        }
        (Lang::En, Shield::Screen) => format!("{operator} would like to make your screen dark"),
        (Lang::It, Shield::Input) => {
            format!("{operator} vorrebbe lavorare senza la tua tastiera e il tuo mouse")
        }
        (Lang::It, Shield::Screen) => format!("{operator} vorrebbe oscurare il tuo schermo"),
    }
}

/// What that means, and how it ends.
pub fn shield_note(lang: Lang, shield: Shield) -> &'static str {
    match shield {
        Shield::Input => pick(
            lang,
            "What you type and click will do nothing. Hold Esc for 2 seconds to have it back; \
             Ctrl+Alt+Shift+X ends everything at once. After 15 minutes it ends by itself.",
            "Ciò che digiti e clicchi non avrà effetto. Tieni premuto Esc per 2 secondi per riaverli; \
             Ctrl+Alt+Maiusc+X termina tutto subito. Dopo 15 minuti finisce da sé.",
        ),
        Shield::Screen => pick(
            lang,
            "You will see nothing of what is done, and it is filmed as always. Press any key or click to \
             have the screen back. After 15 minutes it comes back by itself.",
            "Non vedrai ciò che viene fatto, ma verrà filmato come sempre. Premi un tasto o fai clic per \
             riavere lo schermo. Dopo 15 minuti torna da sé.",
        ),
    }
}

/// Whether operators may reach windows of programs with more rights.
pub fn asks_for_more_rights(lang: Lang) -> &'static str {
    pick(
        lang,
        "Allow work in administrators' windows too?",
        "Permettere di lavorare anche nelle finestre da amministratore?",
    )
}

/// What that means, and how it ends.
pub fn more_rights_note(lang: Lang) -> &'static str {
    pick(
        lang,
        "The window in front was opened as an administrator, where your helper's keys and clicks do nothing. If you \
         allow them, Windows asks you too. It ends with this session.",
        "La finestra in primo piano è aperta come amministratore: lì i tasti e i clic di chi ti assiste non hanno \
         effetto. Se li permetti, lo chiederà anche Windows. Finisce con questa sessione.",
    )
}

/// Above the choice of a monitor.
pub fn what_is_shared(lang: Lang) -> &'static str {
    pick(lang, "What is shown", "Cosa si mostra")
}

/// Below it.
pub fn only_note(lang: Lang) -> &'static str {
    pick(
        lang,
        "Of one monitor alone the others are neither seen nor filmed.",
        "Se ne scegli uno solo, gli altri non vengono né visti né filmati.",
    )
}

/// Every choice: all monitors, and each alone.
pub fn monitors_to_share(lang: Lang, monitors: &[ScreenMonitor]) -> Vec<(Option<u32>, String)> {
    let all = (None, w(lang, Word::AllMonitors).to_owned());
    let each = monitors.iter().map(|monitor| {
        let ScreenMonitor {
            id,
            name,
            width,
            height,
        } = monitor;
        let name = name_alone(lang, name);
        let only = pick(lang, "Only", "Solo");
        (Some(*id), format!("{only} {name} ({width} × {height})"))
    });
    std::iter::once(all).chain(each).collect()
}

/// In the bar's middle once the monitor that was shared alone is gone.
pub fn monitor_gone(lang: Lang) -> &'static str {
    pick(
        lang,
        "Paused: the shared monitor is gone",
        "In pausa: il monitor condiviso non c'è più",
    )
}

/// In the bar's middle while the user's input is blocked.
pub fn input_blocked(lang: Lang) -> &'static str {
    pick(
        lang,
        "Keyboard and mouse blocked: hold Esc",
        "Tastiera e mouse bloccati: tieni premuto Esc",
    )
}

/// In the bar's middle while operators have paused.
pub fn rests(lang: Lang, names: &[String]) -> String {
    let who: Vec<String> = names.iter().map(|name| name_alone(lang, name)).collect();
    let who = who.join(", ");
    match lang {
        Lang::En => format!("{who}: paused"),
        Lang::It => format!("{who}: in pausa"),
    }
}

/// In the bar's middle while the user has paused.
pub fn paused(lang: Lang) -> &'static str {
    pick(
        lang,
        "Paused. Nothing is seen.",
        "In pausa. Non si vede nulla.",
    )
}

/// The heading over the operator's last line of chat.
pub fn last_message(lang: Lang, operator: &str) -> String {
    let operator = name_in_sentence(lang, operator);
    match lang {
        Lang::En => format!("Message from {operator}"),
        Lang::It => format!("Messaggio di {operator}"),
    }
}

/// The button of files.
pub fn files_under_way(lang: Lang, count: usize) -> String {
    match (lang, count) {
        (_, 0) => w(lang, Word::SendFiles).to_owned(),
        (Lang::En, _) => format!("Files, {count} under way"),
        (Lang::It, _) => format!("File, {count} in corso"),
    }
}

pub fn files_note(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "Choose what to send to your helper, or drop it here.",
        Lang::It => "Scegli che cosa inviare a chi ti aiuta, oppure trascinalo qui.",
    }
}

pub fn files_not_allowed(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "You do not allow files in this session.",
        Lang::It => "In questa sessione non permetti lo scambio di file.",
    }
}

/// Takes the right to files back.
pub fn stop_files(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "No more files",
        Lang::It => "Basta file",
    }
}

/// The button of a chat with lines that were not read.
pub fn chat_unread(lang: Lang, count: usize) -> String {
    match (lang, count) {
        (_, 0) => w(lang, Word::Chat).to_owned(),
        (Lang::En, _) => format!("Chat, {count} unread"),
        (Lang::It, _) => format!("Chat, {count} da leggere"),
    }
}

/// Why the last try with a ticket did not work.
pub fn connect_problem(lang: Lang, problem: &ConnectProblem) -> String {
    match problem {
        ConnectProblem::UnknownName { host } => match lang {
            Lang::En => format!(
                "The help desk's server {host} cannot be found. Check the internet connection, or the address in the settings."
            ),
            Lang::It => format!(
                "Non si trova il server dell'assistenza {host}. Controlla la connessione a internet, o l'indirizzo nelle impostazioni."
            ),
        },
        ConnectProblem::NoAnswer { hub } => match lang {
            Lang::En => format!(
                "The help desk's server {hub} does not answer. Check the internet connection and try again."
            ),
            Lang::It => format!(
                "Il server dell'assistenza {hub} non risponde. Controlla la connessione a internet e riprova."
            ),
        },
        ConnectProblem::ForeignKey => w(lang, Word::HelpDeskKeyDiffers).to_owned(),
        ConnectProblem::Certificate { hub, fault } => certificate_problem(lang, hub, *fault),
        ConnectProblem::FalseConsole => pick(
            lang,
            "Whoever answered does not know your ticket, so it is not your helper. Nothing was seen. Ask your helper by telephone before you go on.",
            "Chi ha risposto non conosce il tuo ticket, quindi non è chi ti assiste. Non è stato visto nulla. Telefona a chi ti assiste prima di continuare.",
        )
        .to_owned(),
        ConnectProblem::OtherVersion { hub, too_old } => other_version(lang, *too_old, hub),
        ConnectProblem::Refused(refusal) => refusal_for_user(lang, *refusal),
        ConnectProblem::Proxy(error) => proxy_text(lang, error),
        ConnectProblem::ProxyScript => w(lang, Word::ProxyScript).to_owned(),
        ConnectProblem::Nonsense => nonsense(lang).to_owned(),
        ConnectProblem::Failed { .. } => pick(
            lang,
            "The help desk cannot be reached. Check the internet connection and try again.",
            "Non si riesce a raggiungere l'assistenza. Controlla la connessione a internet e riprova.",
        )
        .to_owned(),
    }
}

/// The doctor found a way where there was none a moment ago.
pub fn works_now(lang: Lang) -> &'static str {
    pick(
        lang,
        "The connection works now. Press Helpme once more.",
        "Ora la connessione funziona. Premi di nuovo Helpme.",
    )
}

/// Why the connection ended while the user waited.
pub fn lost_cause(lang: Lang, cause: LostCause) -> String {
    match cause {
        LostCause::Silence => pick(
            lang,
            "The connection was lost. Ask your helper for a new ticket.",
            "La connessione è caduta. Chiedi un nuovo ticket a chi ti assiste.",
        )
        .to_owned(),
        LostCause::Closed => pick(
            lang,
            "Your helper closed the connection.",
            "Chi ti assiste ha chiuso il collegamento.",
        )
        .to_owned(),
        LostCause::Refused(refusal) => refusal_for_user(lang, refusal),
        LostCause::Nonsense => nonsense(lang).to_owned(),
    }
}

fn nonsense(lang: Lang) -> &'static str {
    pick(
        lang,
        "The help desk's server does not follow the rules, so the connection was cut. Trust nothing that it says; call your helper.",
        "Il server dell'assistenza non rispetta le regole: il collegamento è stato interrotto. Non fidarti e telefona a chi ti assiste.",
    )
}

/// The button that sends an operator away who asks again and again.
pub fn block(lang: Lang) -> &'static str {
    pick(lang, "Block", "Blocca")
}

/// Why there is such a button.
pub fn asks_again(lang: Lang, operator: &str) -> String {
    let operator = name_in_sentence(lang, operator);
    match lang {
        Lang::En => {
            format!("{operator} has asked several times. Block ends the connection for good.")
        }
        Lang::It => {
            format!("{operator} lo ha già chiesto più volte. Blocca chiude il collegamento.")
        }
    }
}

/// The button that lists the operators of a session.
pub fn who_is_here(lang: Lang) -> &'static str {
    pick(lang, "Who is here", "Chi è presente")
}

/// The button that ends the part of one operator.
pub fn send_away(lang: Lang) -> &'static str {
    pick(lang, "Send away", "Manda via")
}

/// The same, for whoever does not see beside which name it stands.
pub fn send_away_who(lang: Lang, operator: &str) -> String {
    let operator = name_in_sentence(lang, operator);
    match lang {
        Lang::En => format!("Send {operator} away"),
        Lang::It => format!("Manda via {operator}"),
    }
}

/// This computer takes the ticket no more.
pub fn ticket_spent(lang: Lang) -> &'static str {
    pick(
        lang,
        "This ticket was tried twice on this computer. Ask for a new one.",
        "Questo ticket è stato provato due volte su questo computer. Chiedine uno nuovo.",
    )
}

/// While the line is lost, or the user has paused.
pub fn nothing_seen_now(lang: Lang) -> &'static str {
    pick(
        lang,
        "Nothing can be seen right now",
        "Al momento non si vede nulla",
    )
}

/// A line of chat came back.
pub fn chat_not_sent(lang: Lang) -> &'static str {
    pick(
        lang,
        "Your message was not sent, because many are still waiting. Try again in a moment.",
        "Il messaggio non è stato inviato: molti sono ancora in attesa. Riprova tra un momento.",
    )
}

/// Why a session ended.
pub fn end_cause(lang: Lang, cause: EndCause) -> &'static str {
    match cause {
        EndCause::By(by) => session_ended_for_user(lang, by),
        EndCause::NoCapture => pick(
            lang,
            "This screen cannot be shown, so the session was ended.",
            "Questo schermo non può essere mostrato: la sessione è stata terminata.",
        ),
        EndCause::NoCommonFormat => pick(
            lang,
            "Your helper's program and this one are too far apart in age to work together. One of them must be brought up to date.",
            "Il programma di chi ti assiste e questo sono di versioni troppo lontane. Uno dei due va aggiornato.",
        ),
        EndCause::Forged => pick(
            lang,
            "Somebody other than your helper tried to act in your helper's name. It was blocked and the session was ended. Tell your helper by telephone.",
            "Qualcuno che non è chi ti assiste ha provato ad agire a suo nome. È stato bloccato e la sessione terminata. Avvisa per telefono chi ti assiste.",
        ),
        EndCause::ConnectionLost => pick(
            lang,
            "The connection was lost, so the session was ended.",
            "La connessione è caduta: la sessione è stata terminata.",
        ),
    }
}

/// Whether an end is one that nobody needs to worry about.
pub fn is_good_end(cause: EndCause) -> bool {
    matches!(cause, EndCause::By(EndedBy::User | EndedBy::Operator))
}

/// What does not work on this machine.
pub fn trouble(lang: Lang, trouble: &Trouble) -> String {
    match (lang, trouble) {
        // the desktop's own window is nothing that went wrong here
        (
            _,
            Trouble::NoCapture {
                why: why @ (Hindrance::NOT_SHARED | Hindrance::NOT_ANSWERED),
                ..
            }
            | Trouble::NoInput {
                why: why @ Hindrance::INPUT_NOT_SHARED,
                ..
            },
        ) => hindrance_for_user(lang, *why).to_owned(),
        (Lang::En, Trouble::NoCapture { detail, .. }) => {
            format!("This screen cannot be shown: {detail}")
        }
        (Lang::It, Trouble::NoCapture { detail, .. }) => {
            format!("Questo schermo non può essere mostrato: {detail}")
        }
        (Lang::En, Trouble::NoInput { .. }) => {
            "Your helper can only watch: keyboard and mouse cannot be driven here.".to_owned()
        }
        (Lang::It, Trouble::NoInput { .. }) => {
            "Chi ti assiste può solo guardare: qui tastiera e mouse non si possono guidare."
                .to_owned()
        }
    }
}

/// The field of the server's fingerprint.
pub fn fingerprint(lang: Lang) -> &'static str {
    pick(lang, "Fingerprint of the server", "Impronta del server")
}

/// The note under it.
pub fn fingerprint_note(lang: Lang) -> &'static str {
    pick(
        lang,
        "64 digits, from your helper or from the help desk's page",
        "64 cifre, da chi ti assiste o dalla pagina dell'assistenza",
    )
}

/// What was typed is no fingerprint.
pub fn fingerprint_wrong(lang: Lang) -> &'static str {
    pick(
        lang,
        "A fingerprint has 64 digits and letters from a to f.",
        "Un'impronta ha 64 cifre e lettere dalla a alla f.",
    )
}

/// The server's place was given from outside and cannot be changed here.
pub fn hub_is_given(lang: Lang) -> &'static str {
    pick(
        lang,
        "This Helpme was set up for its help desk.",
        "Questo Helpme è già configurato per il suo servizio di assistenza.",
    )
}

#[cfg(test)]
pub(crate) mod tests;
