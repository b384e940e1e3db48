//! Sentences that only the console says, in English and Italian (E3); single words are in `ui-kit`.

use operator_engine::{ConnectError, LogInProblem, NotStarted};
use protocol::clipboard::ClipboardFault;
use protocol::{BroughtIn, EndedBy, Hindrances, RefusalCode};
use ui_kit::words::{
    beginning_of, certificate_problem, hindrance_for_operator, name_alone, name_in_sentence,
    other_version, proxy_text, proxy_that_asks, refusal_text, session_ended_for_operator,
};
use ui_kit::{Lang, Word, w};

use crate::state::computers::Obstacle;

macro_rules! phrases {
    ($($(#[$doc:meta])* $name:ident: $en:literal, $it:literal;)*) => {
        $($(#[$doc])* pub fn $name(lang: Lang) -> &'static str {
            match lang {
                Lang::En => $en,
                Lang::It => $it,
            }
        })*
    };
}

pub mod line;
pub mod popups;
pub mod shields;
pub mod system;
pub mod tray;
pub mod view;
pub mod waking;

phrases! {
    /// The status bar without a log-in (O5).
    not_logged_in: "Not logged in", "Accesso non eseguito";
    /// Above the log-in form of a console that knows no hub.
    set_up_title: "Set up your console", "Configura la console";
    set_up_note: "Your administrator gives you an invitation, which fills in the rest.",
        "L'amministratore ti fornisce un invito, che compila tutto il resto.";
    invitation: "Invitation", "Invito";
    invitation_hint: "Paste it or the whole mail, or drop its file here",
        "Incollalo, anche l'intera e-mail, o trascina qui il file";
    invitation_not_read: "The invitation could not be read.", "Impossibile leggere l'invito.";
    /// The password that whoever is invited chooses.
    new_password: "Choose a password", "Scegli una password";
    code: "Code", "Codice";
    code_note: "From the program on your phone, or one of your recovery codes.",
        "Dall'app sul tuo telefono, oppure uno dei tuoi codici di recupero.";
    fingerprint_wrong: "A fingerprint has 64 digits from 0 to 9 and a to f.",
        "Un'impronta ha 64 cifre da 0 a 9 e da a a f.";
    fingerprint_note: "Printed by the hub at its first start; proves that it is your hub.",
        "Stampata dall'hub al primo avvio; dimostra che è il tuo hub.";
    change_hub: "Change the hub", "Cambia hub";
    keeps_trying: "The hub cannot be reached. The console tries again until it answers.",
        "Non si riesce a raggiungere l'hub. La console riprova finché non risponde.";
    log_in_first: "Log into the service first", "Prima accedi al servizio";
    choose_a_computer: "Choose a computer in the list first", "Prima scegli un computer nell'elenco";
    ticket_refused_title: "No ticket was made.", "Nessun ticket creato.";
    all_tickets: "Earlier tickets", "Ticket precedenti";
    edit_template: "Edit the template", "Modifica il modello";
    new_template: "New template", "Nuovo modello";
    remove_template: "Delete the template", "Elimina il modello";
    template_removed: "Deleted. Its text is still in the form: Keep as template brings it back.",
        "Eliminato. Il testo è ancora nel modulo: Salva come modello lo ripristina.";
    my_text: "My text", "Il mio testo";
    usual_text: "Usual text", "Testo abituale";
    template: "Template", "Modello";
    template_name: "Name of the template", "Nome del modello";
    preview: "Preview", "Anteprima";
    /// Stands for the operator's name in a preview.
    your_name: "Your name", "Il tuo nome";
    link_qr: "QR code of the link", "Codice QR del link";
    link_qr_note: "Whoever scans it comes to your help desk's page, with the ticket filled in.",
        "Chi lo scansiona arriva alla pagina dell'assistenza con il ticket già inserito.";
    no_link: "The hub has no page for users", "L'hub non ha una pagina per gli utenti";
    template_places: "{ticket}, {link}, {page}, {operator}, {organisation} and {minutes} stand for what goes in.",
        "{ticket}, {link}, {page}, {operator}, {organisation} e {minutes} indicano ciò che verrà inserito.";
    extend_ticket: "Extend the ticket", "Prolunga il ticket";
    add_note: "Add a note", "Aggiungi una nota";
    ticket_note: "Note", "Nota";
    ticket_note_hint: "The report begins with it", "Il rapporto inizia da qui";
    your_help_desk: "Your help desk", "La tua assistenza";
    no_mail_program: "This computer has no mail program. Use Copy instead.",
        "Questo computer non ha un programma di posta. Usa Copia.";
    start_up_not_changed: "Whether the console starts with this computer could not be changed.",
        "Impossibile cambiare l'avvio della console insieme al computer.";
    no_chat_open: "Choose Chat in a computer's menu.", "Scegli Chat nel menu di un computer.";
    conversation_over: "This computer is no longer connected.", "Questo computer non è più connesso.";
    disconnect: "Disconnect", "Disconnetti";
    waiting_for_consent: "waiting for consent", "in attesa del consenso";
    withdraw_question: "Take the question back", "Ritira la richiesta";
    this_is_you: "you", "tu";
    is_operator: "This is an operator", "Questo è un operatore";
    /// Why a permanent host is greyed.
    unattended: "You cannot open this computer: your role does not permit it, or its PurePC is too old.",
        "Non puoi aprire questo computer: il tuo ruolo non lo consente oppure il suo PurePC è troppo vecchio.";
    /// Why there is no chat with a permanent host.
    open_it_first: "Open it with Remote Session first", "Prima aprilo con Sessione remota";
    open_host_note: "Nobody is asked there: the password lets you in. The session is filmed.",
        "Nessuno deve dare il consenso: basta la password. La sessione viene filmata.";
    reason: "Reason or ticket number", "Motivo o numero di ticket";
    reason_note: "Kept in the hub's audit log.", "Resta nel registro dell'hub.";
    own_code: "Code of your second factor", "Codice del tuo secondo fattore";
    access_password: "Access password of the computer", "Password di accesso del computer";
    showing_note: "They are asked, and then both of you type the same word. Tell it to each other by another way, such as the telephone. The session is filmed.",
        "La richiesta arriva al collega; poi entrambi digitate la stessa parola. Ditevela per un'altra via, per esempio al telefono. La sessione viene filmata.";
    only_see: "Only see", "Solo vedere";
    see_and_control: "See, keyboard and pointer", "Vedere, tastiera e mouse";
    ask: "Ask", "Chiedi";
    /// The field for what two operators have agreed on.
    word: "Word", "Parola";
    word_said: "Capital letters do not count.", "Maiuscole e minuscole non contano.";
    own_screen: "This is you", "Sei tu";
    colleague_away: "This operator is out of reach at the moment",
        "Al momento questo operatore non è raggiungibile";
    asks_no_more: "Your colleague no longer asks.", "Il collega ha ritirato la richiesta.";
    in_your_session: "You are in session with this computer", "Sei già in sessione con questo computer";
    out_of_reach: "out of reach", "non raggiungibile";
    away: "This computer is out of reach at the moment", "Al momento questo computer non è raggiungibile";
    chat_not_sent: "This line could not be taken. Wait until the computer is in reach again.",
        "Questo messaggio non può essere inviato ora. Attendi che il computer sia di nuovo raggiungibile.";
    not_received_yet: "not received yet", "non ancora ricevuto";
    forged: "What arrived was not what this computer sent. Whatever it did is over; tell your administrator.",
        "Ciò che è arrivato non è ciò che questo computer ha inviato. Tutto è stato interrotto; avvisa l'amministratore.";
    not_yours: "This computer came with another operator's ticket",
        "Questo computer è arrivato con il ticket di un altro operatore";
    no_key: "This computer came with a ticket of another console. Give its user a new ticket.",
        "Questo computer è arrivato con un ticket di un'altra console. Dai all'utente un nuovo ticket.";
    all_saved: "Saved at the hub", "Salvato nell'hub";
    saved_here: "Kept here, on its way to the hub", "Salvato qui, in invio";
    saving: "Saving…", "Salvataggio…";
    saved_here_only: "The hub does not take this report; it is kept on this computer.",
        "L'hub non accetta questo rapporto; resta su questo computer.";
    report_finished: "The report is finished.", "Il rapporto è completo.";
    report_rescued: "A report from before the program ended was sent to the hub.",
        "Un rapporto scritto prima della chiusura del programma è stato inviato all'hub.";
    report_follows: "The report is among the drafts.", "Il rapporto è tra le bozze.";
    /// Above what the hub proposes for a field of a report; nobody has written it.
    proposed: "Proposed from the session", "Proposta ricavata dalla sessione";
    use_proposal: "Use it", "Usala";
    earlier_reports: "Earlier reports of this computer or person",
        "Rapporti precedenti di questo computer o di questa persona";
    /// Under a field that the organisation wants in each report.
    field_wanted: "Fill this in to finish the report.", "Compila questo campo per completare il rapporto.";
    not_a_number: "Write a number.", "Scrivi un numero.";
    nothing_chosen: "Nothing chosen", "Nessuna scelta";
    fields_missing: "Not finished: something is missing.", "Non completato: manca qualcosa.";
    choose_category: "Choose a category", "Scegli una categoria";
    drafts_note: "Reports of assistances that are not finished yet.",
        "Rapporti di assistenze non ancora completati.";
    no_drafts_note: "A report appears here when an assistance ends.",
        "Un rapporto appare qui alla fine di un'assistenza.";
    files_not_allowed: "The user does not allow files.", "L'utente non permette lo scambio di file.";
    files_to_choose: "Files…", "File…";
    folder_to_choose: "Folder…", "Cartella…";
    path_to_send: "File or folder", "File o cartella";
    or_drop_files: "Path, or drop files here", "Percorso, o trascina qui i file";
    no_files: "No files yet", "Ancora nessun file";
    no_files_note: "What you and the user send each other is listed here.",
        "Qui appare ciò che tu e l'utente vi inviate.";
    /// The host's folders (S6).
    user_chooses_files: "The user chooses files to send instead.",
        "L'utente preferisce scegliere i file da inviare.";
    folders_stopped: "The user no longer allows it.", "L'utente non lo permette più.";
    place_home: "Home", "Home";
    place_desktop: "Desktop", "Scrivania";
    place_documents: "Documents", "Documenti";
    place_downloads: "Downloads", "Scaricati";
    place_computer: "Computer", "Computer";
    folder_above: "Folder above", "Cartella superiore";
    folder_again: "Look again", "Aggiorna";
    folder_is_empty: "This folder is empty", "Questa cartella è vuota";
    column_name: "Name", "Nome";
    column_size: "Size", "Dimensione";
    column_changed: "Changed", "Modificato";
    fetch: "Fetch", "Preleva";
    send_here: "Send files here…", "Invia file qui…";
    more_not_shown: "more are not shown", "altri non mostrati";
    files_on_host: "Files on the host…", "File sul computer remoto…";
    /// Where a file of a name is there already (S6).
    is_there_at_host: "A file of this name is there on the host.",
        "Sul computer remoto c'è già un file con questo nome.";
    is_there_at_yours: "You have a file of this name there.",
        "In quella cartella hai già un file con questo nome.";
    one_there: "There now", "Ora presente";
    one_that_comes: "Arriving", "In arrivo";
    replace: "Replace", "Sostituisci";
    keep_both: "Keep both", "Tieni entrambi";
    skip: "Skip", "Salta";
    same_for_all: "Do the same for all", "Fai lo stesso per tutti";
    received_files: "Folder for received files", "Cartella dei file ricevuti";
    usual_folder: "Downloads", "Scaricati";
    /// The clipboard's two switches in a session (S7).
    share_my_clipboard: "Share my clipboard", "Condividi i miei appunti";
    take_their_clipboard: "Receive their clipboard", "Ricevi i loro appunti";
    clipboard_not_allowed: "The user does not share the clipboard", "L'utente non condivide gli appunti";
    no_clipboard: "This computer cannot share its clipboard yet",
        "Questo computer non può ancora condividere gli appunti";
    view_only_granted: "The user lets you watch only", "L'utente ti permette solo di guardare";
    all_keys: "All keys", "Tutti i tasti";
    all_keys_note: "Keys of this desktop, such as Alt+Tab, go to the remote computer too",
        "Anche i tasti di questo desktop, come Alt+Tab, vanno al computer remoto";
    fingerprint_place: "64 digits; empty if the hub has a public certificate",
        "64 cifre; vuota se l'hub ha un certificato pubblico";
    password_missing: "Please type the password", "Scrivi la password";
    screenshot_failed: "The screenshot could not be saved.", "Non è stato possibile salvare la schermata.";
    copy_screenshot: "Copy a screenshot", "Copia una schermata";
    screenshot_copied: "Screenshot copied", "Schermata copiata";
    screenshot_not_copied: "The screenshot could not be copied.",
        "Non è stato possibile copiare la schermata.";
    not_kept: "This computer's disk did not take something:", "Il disco di questo computer ha rifiutato qualcosa:";
    password_not_remembered: "The password could not be remembered.",
        "Non è stato possibile ricordare la password.";
    passphrase: "Passphrase", "Passphrase";
    passwords_are_sealed: "Your passwords are sealed", "Le tue password sono sigillate";
    unlock_note: "The passphrase opens the remembered passwords that came along with this copy.",
        "La passphrase apre le password memorizzate che accompagnano questa copia.";
    unlock: "Open", "Apri";
    without_passwords: "Go on without", "Continua senza";
    forget_passwords: "Forget these passwords", "Dimentica queste password";
    passwords_forgotten: "The sealed passwords are forgotten.", "Le password sigillate sono state dimenticate.";
    wrong_passphrase: "This passphrase does not open them.", "Questa passphrase non le apre.";
    protect: "Protect with a passphrase", "Proteggi con una passphrase";
    protect_note: "Seals the remembered passwords. It is asked for when the program starts; nobody can restore it.",
        "Sigilla le password memorizzate. Viene chiesta all'avvio del programma; nessuno può recuperarla.";
    passphrase_hint: "At least 10 characters, better several words", "Almeno 10 caratteri, meglio più parole";
    passphrase_short: "At least 10 characters.", "Almeno 10 caratteri.";
    protection_not_changed: "The passwords could not be sealed or opened.",
        "Non è stato possibile sigillare o aprire le password.";
    /// Where a remembered password is kept.
    password_is_sealed: "Kept in a file that opens with your passphrase, and goes along with this copy",
        "Conservata in un file che si apre con la tua passphrase e accompagna questa copia";
    password_goes_along: "Kept in a file that goes along with this copy. Whoever holds it can log in as you.",
        "Conservata in un file che accompagna questa copia. Chi lo possiede può accedere come te.";
    password_is_locked: "Sealed: without the passphrase nothing is remembered",
        "Sigillata: senza la passphrase non viene memorizzato nulla";
    tray_icon: "Icon in the notification area", "Icona nell'area di notifica";
    tray_icon_note: "Closing the window leaves the console running there",
        "Chiudendo la finestra la console resta attiva lì";
    no_tray: "This desktop has no notification area", "Questo desktop non ha un'area di notifica";
    /// Above language and colours in the options.
    this_program: "This program", "Questo programma";
    write_the_report: "Write the report", "Scrivi il rapporto";
    keyboard_to_remote: "Type here to control the remote computer",
        "Scrivi qui per controllare il computer remoto";
    bring_in: "Bring in a colleague", "Coinvolgi un collega";
    bring_in_note: "Your colleague makes a ticket in their console and tells it to you. The user is asked before they see anything.",
        "Il collega crea un ticket nella sua console e te lo comunica. Prima che veda qualcosa, viene chiesto all'utente.";
    bring_in_button: "Bring in", "Coinvolgi";
    colleagues_ticket: "Your colleague's ticket", "Il ticket del collega";
    mark_moment: "Mark this moment", "Segna questo momento";
    mark_note: "It becomes a chapter of the film; the first six moments are pictures in the printed report too.",
        "Diventa un capitolo del filmato; i primi sei momenti sono anche immagini del rapporto stampato.";
    mark_words: "What is to be seen here (optional)", "Che cosa si vede qui (facoltativo)";
    mark_button: "Mark", "Segna";
    moment_marked: "The moment is marked.", "Momento segnato.";
    end_with_message: "End with a message…", "Termina con un messaggio…";
    closing_title: "End with a message", "Termina con un messaggio";
    closing_note: "The user reads it on their last page, beside the receipt. It stays in the chat, the film and the report.",
        "L'utente lo legge nell'ultima pagina, accanto alla ricevuta. Resta nella chat, nel filmato e nel rapporto.";
    closing_words: "Closing message", "Messaggio di chiusura";
    closing_hint: "For example, what to do if it happens again",
        "Ad esempio, cosa fare se capita di nuovo";
    closing_button: "Send and end", "Invia e termina";
    you_have_control: "You have the keyboard and mouse", "Tastiera e mouse sono tuoi";
    handed_over: "You left the session; your colleague goes on and writes the report.",
        "Hai lasciato la sessione; il collega continua e scrive il rapporto.";
    sent_away: "The user ended your part of the session; it goes on without you.",
        "L'utente ha terminato la tua partecipazione; la sessione continua senza di te.";
    /// Something in it was forged on the way; the others go on.
    left_forged: "What arrived at one end was not what the other had sent, so your part of the session was ended. It goes on without you. Tell your administrator.",
        "Ciò che è arrivato a una delle due parti non è ciò che l'altra ha inviato: la tua parte della sessione è stata terminata. La sessione continua senza di te. Avvisa l'amministratore.";
    proxy_settings: "Enter them under Settings, Proxy and http tunneling.",
        "Indicali in Impostazioni, Proxy e tunnel http.";
    quit_question: "End the sessions and quit?", "Terminare le sessioni e uscire?";
    quit_note: "Remote sessions are running.", "Ci sono sessioni remote attive.";
}

/// **Later** was said of a version that is in place.
pub fn starts_the_next_time(lang: Lang, version: &str) -> String {
    match lang {
        Lang::En => format!("Version {version} starts the next time."),
        Lang::It => format!("La versione {version} partirà la prossima volta."),
    }
}

/// Usual categories of a report; others can be typed.
pub fn categories(lang: Lang) -> [&'static str; 8] {
    match lang {
        Lang::En => [
            "Hardware", "Software", "Network", "Printer", "E-mail", "Account", "Training", "Other",
        ],
        Lang::It => [
            "Hardware",
            "Software",
            "Rete",
            "Stampante",
            "Posta",
            "Account",
            "Formazione",
            "Altro",
        ],
    }
}

/// Why a log-in failed, and what to do (O5).
pub fn log_in_problem(lang: Lang, problem: &LogInProblem) -> String {
    match problem {
        LogInProblem::Refused(refusal) => refusal_text(lang, *refusal),
        LogInProblem::NotReached(error) => connect_problem(lang, error),
    }
}

/// Why the hub was not reached, and what to do.
pub fn connect_problem(lang: Lang, error: &ConnectError) -> String {
    match error {
        ConnectError::ForeignKey => w(lang, Word::HubKeyDiffers).to_owned(),
        ConnectError::Certificate { hub, fault } => certificate_problem(lang, hub, *fault),
        ConnectError::OtherVersion { hub, too_old } => other_version(lang, *too_old, hub),
        ConnectError::Refused(refusal) => refusal_text(lang, *refusal),
        ConnectError::UnknownName { host } => match lang {
            Lang::En => format!("There is no computer named {host}. Check the server address."),
            Lang::It => {
                format!("Non esiste un computer di nome {host}. Controlla l'indirizzo del server.")
            }
        },
        ConnectError::NoAnswer { hub } => match lang {
            Lang::En => format!(
                "The hub {hub} does not answer. Check the address, the port and your network."
            ),
            Lang::It => {
                format!("L'hub {hub} non risponde. Controlla indirizzo, porta e la tua rete.")
            }
        },
        ConnectError::Proxy(error) => {
            let text = proxy_text(lang, error);
            match proxy_that_asks(error) {
                Some(_) => format!("{text} {}", proxy_settings(lang)),
                None => text,
            }
        }
        ConnectError::ProxyScript => w(lang, Word::ProxyScript).to_owned(),
        ConnectError::Failed { detail } => format!("{} ({detail})", w(lang, Word::NoConnection)),
        ConnectError::Socket(error) => format!("{} ({error})", w(lang, Word::NoConnection)),
        other => format!("{} ({other})", w(lang, Word::NoConnection)),
    }
}

/// What a test of the proxy says where it worked.
pub fn proxy_works(lang: Lang, proxy: &str) -> String {
    match lang {
        Lang::En => format!("The hub answers through the proxy {proxy}."),
        Lang::It => format!("L'hub risponde attraverso il proxy {proxy}."),
    }
}

/// Why a session did not start, with the host's name.
pub fn not_started(lang: Lang, host: &str, why: NotStarted) -> Option<String> {
    let sentence = match why {
        NotStarted::Withdrawn => return None,
        NotStarted::Refused(refusal) => refusal_text(lang, refusal),
        NotStarted::NoKey => no_key(lang).to_owned(),
        NotStarted::NotConnected => away(lang).to_owned(),
        NotStarted::Forged => forged(lang).to_owned(),
    };
    Some(if host.is_empty() {
        sentence
    } else {
        about(lang, host, &sentence)
    })
}

/// A sentence with the name of the host that it is about in front.
pub fn about(lang: Lang, host: &str, sentence: &str) -> String {
    format!("{}: {sentence}", name_alone(lang, host))
}

/// Why a session is over: what hindered it, where that was the reason.
pub fn session_over(lang: Lang, by: EndedBy, hindrances: Hindrances) -> String {
    let hindrance = hindrances.screen.filter(|_| by == EndedBy::NoCapture);
    let sentence = hindrance.map(|h| hindrance_for_operator(lang, h));
    sentence
        .unwrap_or_else(|| session_ended_for_operator(lang, by))
        .to_owned()
}

/// Over the picture while the user has paused.
pub fn paused_by_user(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "Paused by the user",
        Lang::It => "In pausa per scelta dell'utente",
    }
}

/// Below that; whether there is a picture, which is an old one then.
pub fn paused_note(lang: Lang, has_picture: bool) -> &'static str {
    match (lang, has_picture) {
        (Lang::En, true) => {
            "This is the picture from before. You see the screen again when the user goes on."
        }
        (Lang::En, false) => "You see the screen when the user goes on.",
        (Lang::It, true) => {
            "Questa è l'immagine di prima. Rivedrai lo schermo quando l'utente riprende."
        }
        (Lang::It, false) => "Vedrai lo schermo quando l'utente riprende.",
    }
}

/// The pause is over.
pub fn user_goes_on(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "The user goes on",
        Lang::It => "L'utente ha ripreso",
    }
}

/// What became of a colleague who was to be brought in (O11).
pub fn brought_in(lang: Lang, outcome: &BroughtIn) -> String {
    match (outcome, lang) {
        (BroughtIn::Met { operator }, Lang::En) => format!(
            "{} has the computer in the list now and can ask to join.",
            name_in_sentence(lang, operator)
        ),
        (BroughtIn::Met { operator }, Lang::It) => format!(
            "{} vede ora il computer nell'elenco e può chiedere di partecipare.",
            name_in_sentence(lang, operator)
        ),
        (BroughtIn::Refused(refusal), lang) => refusal_text(lang, *refusal),
        (BroughtIn::Spent, Lang::En) => {
            "This ticket was tried too often. Ask for a new one.".to_owned()
        }
        (BroughtIn::Spent, Lang::It) => {
            "Questo ticket è stato provato troppe volte. Chiedine uno nuovo.".to_owned()
        }
        (BroughtIn::Busy, Lang::En) => {
            "Somebody else is being brought in just now, or there are too many already.".to_owned()
        }
        (BroughtIn::Busy, Lang::It) => {
            "Un altro collega sta entrando proprio ora, oppure sono già troppi.".to_owned()
        }
    }
}

/// Why there is no picture yet.
pub fn desktop_asks(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "The user's desktop is asking them whether to share the screen…",
        Lang::It => "Il desktop dell'utente gli sta chiedendo se condividere lo schermo…",
    }
}

/// Who else sees the screen.
pub fn together_with(lang: Lang, others: &[String]) -> String {
    let names = ui_kit::words::names_in_words(lang, others);
    match lang {
        Lang::En => format!("With {names}"),
        Lang::It => format!("Con {names}"),
    }
}

/// Why **Remote Session** is greyed.
pub fn obstacle(lang: Lang, obstacle: Obstacle, in_session_with: Option<&str>) -> String {
    match obstacle {
        Obstacle::IsOperator => is_operator(lang).to_owned(),
        Obstacle::Unattended => unattended(lang).to_owned(),
        Obstacle::Asked => w(lang, Word::AwaitingConsent).to_owned(),
        Obstacle::InYourSession => in_your_session(lang).to_owned(),
        Obstacle::Busy => ui_kit::words::in_session_with(lang, in_session_with.unwrap_or_default()),
        Obstacle::NotYours => not_yours(lang).to_owned(),
        Obstacle::Away => away(lang).to_owned(),
        Obstacle::Asleep => waking::wake_it_first(lang).to_owned(),
        Obstacle::Hindered(hindrance) => hindrance_for_operator(lang, hindrance).to_owned(),
    }
}

/// Above the box for the access password of a permanent host.
pub fn open_host(lang: Lang, host: &str) -> String {
    match lang {
        Lang::En => format!("Open {host}"),
        Lang::It => format!("Apri {host}"),
    }
}

/// Why a permanent host was not opened.
pub fn not_opened(lang: Lang, why: NotStarted) -> String {
    not_started(lang, "", why).unwrap_or_default()
}

/// In the menu of an operator's row, and above the box.
pub fn ask_to_see(lang: Lang, name: &str) -> String {
    match lang {
        Lang::En => format!("Ask to see the screen of {name}"),
        Lang::It => format!("Chiedi di vedere lo schermo di {name}"),
    }
}

/// Above the box of whoever is asked.
pub fn asks_to_see(lang: Lang, name: &str) -> String {
    match lang {
        Lang::En => format!("{name} asks to see your screen"),
        Lang::It => format!("{name} chiede di vedere il tuo schermo"),
    }
}

/// What whoever asks does now.
pub fn word_note_of_asking(lang: Lang, name: &str) -> String {
    match lang {
        Lang::En => format!("Type the word that {name} tells you, or tell them yours."),
        Lang::It => format!("Digita la parola che ti dice {name}, oppure comunica la tua."),
    }
}

/// What whoever is asked gives away with the word.
pub fn word_note_of_asked(lang: Lang, name: &str, control: bool) -> String {
    let what = match (lang, control) {
        (Lang::En, false) => "They see your whole screen and cannot use your keyboard and pointer.",
        (Lang::En, true) => "They see your whole screen and can use your keyboard and pointer.",
        (Lang::It, false) => "Vedrà tutto il tuo schermo, senza usare tastiera e mouse.",
        (Lang::It, true) => "Vedrà tutto il tuo schermo e potrà usare tastiera e mouse.",
    };
    match lang {
        Lang::En => format!(
            "{what} The session is filmed. To agree, type any word, press OK, and tell it to {name} by another way, such as the telephone."
        ),
        Lang::It => format!(
            "{what} La sessione viene filmata. Per accettare digita una parola qualsiasi, premi OK e dilla a {name} per un'altra via, per esempio al telefono."
        ),
    }
}

/// How long there is for the word.
pub fn seconds_left(lang: Lang, seconds: i64) -> String {
    match (lang, seconds) {
        (Lang::En, 1) => "1 second left".to_owned(),
        (Lang::En, _) => format!("{seconds} seconds left"),
        (Lang::It, 1) => "1 secondo rimasto".to_owned(),
        (Lang::It, _) => format!("{seconds} secondi rimasti"),
    }
}

/// Why nothing is shown; `asks` where this operator wanted to see it.
pub fn not_shown(lang: Lang, asks: bool, why: NotStarted) -> Option<String> {
    match why {
        NotStarted::Refused(refusal) if refusal.code == RefusalCode::COLLEAGUE_REFUSED && !asks => {
            Some(asks_no_more(lang).to_owned())
        }
        NotStarted::NotConnected => Some(colleague_away(lang).to_owned()),
        NotStarted::Refused(_) | NotStarted::NoKey | NotStarted::Withdrawn | NotStarted::Forged => {
            not_started(lang, "", why)
        }
    }
}

/// The bar on a screen that colleagues see.
pub fn screen_seen(lang: Lang, names: &str, control: bool) -> String {
    match (lang, control) {
        (Lang::En, false) => format!("Seeing this screen: {names}"),
        (Lang::En, true) => format!("Seeing and controlling this computer: {names}"),
        (Lang::It, false) => format!("Vede questo schermo: {names}"),
        (Lang::It, true) => format!("Vede e controlla questo computer: {names}"),
    }
}

/// The question before **Disconnect this PC**.
pub fn disconnect_title(lang: Lang, host: &str) -> String {
    let host = name_in_sentence(lang, host);
    match lang {
        Lang::En => format!("Disconnect {host}?"),
        Lang::It => format!("Disconnettere {host}?"),
    }
}

/// A ticket that a computer came with.
pub fn used_by(lang: Lang, host: &str) -> String {
    let host = name_in_sentence(lang, host);
    match lang {
        Lang::En => format!("used by {host}"),
        Lang::It => format!("usato da {host}"),
    }
}

/// Somebody typed a ticket with wrong last digits.
pub fn wrong_tries(lang: Lang, tries: u32) -> String {
    match (lang, tries) {
        (Lang::En, 1) => "1 wrong try".to_owned(),
        (Lang::En, _) => format!("{tries} wrong tries"),
        (Lang::It, 1) => "1 tentativo errato".to_owned(),
        (Lang::It, _) => format!("{tries} tentativi errati"),
    }
}

/// So many keys and texts could not be done: the host has no way to type them.
pub fn cannot_be_typed(lang: Lang, count: usize) -> String {
    match (lang, count) {
        (Lang::En, 1) => "The remote computer has no way to type the last key.".to_owned(),
        (Lang::En, count) => {
            format!("The remote computer has no way to type {count} of the last keys.")
        }
        (Lang::It, 1) => "Il computer remoto non può digitare l'ultimo tasto.".to_owned(),
        (Lang::It, count) => {
            format!("Il computer remoto non può digitare {count} degli ultimi tasti.")
        }
    }
}

/// The title over the host's folders.
pub fn files_on(lang: Lang, host: &str) -> String {
    let host = name_alone(lang, host);
    match lang {
        Lang::En => format!("Files on {host}"),
        Lang::It => format!("File su {host}"),
    }
}

/// How many entries a folder has.
pub fn entries_in_all(lang: Lang, entries: usize) -> String {
    match (lang, entries) {
        (Lang::En, 1) => "1 entry".to_owned(),
        (Lang::En, _) => format!("{entries} entries"),
        (Lang::It, 1) => "1 elemento".to_owned(),
        (Lang::It, _) => format!("{entries} elementi"),
    }
}

/// So many files are chosen.
pub fn chosen(lang: Lang, files: &str) -> String {
    match lang {
        Lang::En => format!("{files} chosen"),
        Lang::It => format!("scelti: {files}"),
    }
}

/// So many files and folders are chosen.
pub fn chosen_entries(lang: Lang, entries: u32) -> String {
    match (lang, entries) {
        (Lang::En, _) => format!("{entries} chosen"),
        (Lang::It, 1) => "1 scelto".to_owned(),
        (Lang::It, _) => format!("{entries} scelti"),
    }
}

/// Keys and clicks that the line swallowed.
pub fn not_delivered(lang: Lang, count: usize) -> String {
    match (lang, count) {
        (Lang::En, 1) => "1 key or click was not delivered.".to_owned(),
        (Lang::En, _) => format!("{count} keys or clicks were not delivered."),
        (Lang::It, 1) => "1 tasto o clic non è stato recapitato.".to_owned(),
        (Lang::It, _) => format!("{count} tasti o clic non sono stati recapitati."),
    }
}

/// What was pasted did not come: here, or at the user's computer.
pub fn not_pasted(lang: Lang, here: bool, fault: ClipboardFault) -> String {
    let what = match (lang, here) {
        (Lang::En, true) => "Nothing was pasted here",
        (Lang::En, false) => "Nothing was pasted on the user's computer",
        (Lang::It, true) => "Non è stato incollato nulla qui",
        (Lang::It, false) => "Non è stato incollato nulla sul computer dell'utente",
    };
    let why = match (lang, fault) {
        (Lang::En, ClipboardFault::TOO_LARGE) => {
            "what was copied is too large for the clipboard. Send it as a file."
        }
        (Lang::It, ClipboardFault::TOO_LARGE) => {
            "ciò che è stato copiato è troppo grande per gli appunti. Invialo come file."
        }
        (Lang::En, ClipboardFault::SWITCHED_OFF) => "the clipboard is not shared.",
        (Lang::It, ClipboardFault::SWITCHED_OFF) => "gli appunti non sono condivisi.",
        (Lang::En, ClipboardFault::DAMAGED) => "what was copied cannot be read.",
        (Lang::It, ClipboardFault::DAMAGED) => "ciò che è stato copiato è illeggibile.",
        (Lang::En, _) => "the program it was copied from does not answer.",
        (Lang::It, _) => "il programma da cui è stato copiato non risponde.",
    };
    format!("{what}: {why}")
}

/// How many messages wait to be read.
pub fn unread(lang: Lang, count: u32) -> String {
    match (lang, count) {
        (Lang::En, 1) => "1 new message".to_owned(),
        (Lang::En, _) => format!("{count} new messages"),
        (Lang::It, 1) => "1 nuovo messaggio".to_owned(),
        (Lang::It, _) => format!("{count} nuovi messaggi"),
    }
}

/// A user wrote while his conversation was out of sight.
pub fn wrote(lang: Lang, name: &str, text: &str) -> String {
    let (name, short) = (name_in_sentence(lang, name), beginning_of(text, 80));
    match lang {
        Lang::En => format!("{name} writes: {short}"),
        Lang::It => format!("{name} scrive: {short}"),
    }
}

/// Where a screenshot was put.
pub fn screenshot_at(lang: Lang, path: &str) -> String {
    format!("{}: {path}", w(lang, Word::ScreenshotSaved))
}

/// The hot key that lets all keys go to this desktop again.
pub fn escape_key(lang: Lang, key: &str) -> String {
    match lang {
        Lang::En => format!("{key} gives the keys back to this desktop"),
        Lang::It => format!("{key} restituisce i tasti a questo desktop"),
    }
}
