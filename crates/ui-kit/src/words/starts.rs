//! Why a program does not start, and what to do about it.

use super::Lang;
use crate::start::StartFault;

/// What somebody reads instead of the program's window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartWords {
    pub heading: String,
    /// What to do.
    pub sentences: String,
}

/// The words for `fault`.
pub fn start_words(lang: Lang, fault: &StartFault) -> StartWords {
    let (heading, sentences) = match (lang, fault) {
        (Lang::En, StartFault::NoDisplay { .. }) => (
            "There is no screen to open a window on.",
            "Start this program from the desktop that you are logged in to.",
        ),
        (Lang::En, StartFault::DisplayLacks { .. }) => (
            "This screen lacks something that the window needs.",
            "If you work over a remote desktop, try at the computer itself. Otherwise tell your administrator what stands below.",
        ),
        (Lang::En, StartFault::NoDrawing { .. }) => (
            "The window cannot be drawn on this screen.",
            "Choose “millions of colours” in the display settings. If that does not help, the graphics driver (OpenGL) is missing: installing Mesa brings one that works everywhere.",
        ),
        (Lang::En, StartFault::NoFolder { .. }) => (
            "There is no place for settings and reports.",
            "The folder below cannot be written. Make room on the disk, or let your account write there, and start again.",
        ),
        (Lang::En, StartFault::BadSetUp { .. }) => (
            "This program was not set up correctly.",
            "Get it once more from whoever gave it to you, or tell them what stands below.",
        ),
        (Lang::En, StartFault::Altered { .. }) => (
            "Somebody or something has changed this program.",
            "It does not say any more who helps you, so it does not start. Delete it, and download it again from your helper's page.",
        ),
        (Lang::En, StartFault::Fault { .. }) => (
            "The program could not start.",
            "This is a fault. Restart the computer and try again; if it stays, tell your administrator what stands below.",
        ),
        (Lang::En, StartFault::Crashed { .. }) => (
            "The program ended by a fault of its own.",
            "Start it again: what was saved is still there. The report below says where the fault is, and nothing of what you typed or saw; please give it to your administrator.",
        ),
        (Lang::It, StartFault::NoDisplay { .. }) => (
            "Non c'è uno schermo su cui aprire una finestra.",
            "Avvia questo programma dal desktop in cui hai eseguito l'accesso.",
        ),
        (Lang::It, StartFault::DisplayLacks { .. }) => (
            "A questo schermo manca qualcosa che serve alla finestra.",
            "Se usi un desktop remoto, prova direttamente sul computer. Altrimenti riferisci all'amministratore ciò che leggi sotto.",
        ),
        (Lang::It, StartFault::NoDrawing { .. }) => (
            "La finestra non può essere disegnata su questo schermo.",
            "Scegli “milioni di colori” nelle impostazioni dello schermo. Se non basta, manca il driver grafico (OpenGL): Mesa ne contiene uno che funziona ovunque.",
        ),
        (Lang::It, StartFault::NoFolder { .. }) => (
            "Non c'è posto per impostazioni e rapporti.",
            "Nella cartella indicata sotto non si può scrivere. Libera spazio sul disco, o consenti al tuo account di scriverci, e riavvia.",
        ),
        (Lang::It, StartFault::BadSetUp { .. }) => (
            "Questo programma non è stato configurato correttamente.",
            "Chiedilo di nuovo a chi te l'ha dato, oppure riferisci ciò che leggi sotto.",
        ),
        (Lang::It, StartFault::Altered { .. }) => (
            "Qualcuno o qualcosa ha modificato questo programma.",
            "Non dice più chi ti assiste, perciò non si avvia. Eliminalo e scaricalo di nuovo dalla pagina di chi ti assiste.",
        ),
        (Lang::It, StartFault::Fault { .. }) => (
            "Il programma non è riuscito ad avviarsi.",
            "È un difetto. Riavvia il computer e riprova; se continua, riferisci all'amministratore ciò che leggi sotto.",
        ),
        (Lang::It, StartFault::Crashed { .. }) => (
            "Il programma si è chiuso per un suo difetto.",
            "Avvialo di nuovo: ciò che era salvato c'è ancora. Il rapporto indicato sotto dice dov'è il difetto, e nulla di ciò che hai scritto o visto; consegnalo all'amministratore.",
        ),
    };
    StartWords {
        heading: heading.to_owned(),
        sentences: sentences.to_owned(),
    }
}
