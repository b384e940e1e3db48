//! What a host cannot do, why, and what helps: for the user in front of it, and for the operator.

use protocol::Hindrance;

use super::Lang;

/// What hinders here, and what the user can do about it.
pub fn hindrance_for_user(lang: Lang, hindrance: Hindrance) -> &'static str {
    match (lang, hindrance) {
        (Lang::En, Hindrance::NO_DISPLAY) => {
            "Helpme finds no screen to show. Log out and in again, then start Helpme once more."
        }
        (Lang::En, Hindrance::NO_CAPTURE) => {
            "This screen cannot be shown to others as it is set now. Choose more colours in the display settings, or log out and in again."
        }
        (Lang::En, Hindrance::WAYLAND) => {
            "Helpme cannot show this screen: your desktop runs on Wayland. Log out. Before you type your password, click your name and then the gear, and choose “Ubuntu on Xorg” or “Plasma (X11)”. Log in and start Helpme again. Nothing gets lost, and you can already write to your helper now."
        }
        (Lang::En, Hindrance::BESIDE_WAYLAND) => {
            "Your desktop runs on Wayland, and your helper may see another screen than you do. If so, log out, choose “Ubuntu on Xorg” or “Plasma (X11)” with the gear at the log-in screen, and start Helpme again."
        }
        (Lang::En, Hindrance::LOCKED) => {
            "This screen is locked, and your helper sees only the lock. Unlock it yourself; nobody needs your password for that."
        }
        (Lang::En, Hindrance::BLANK) => "This screen is dark. Move the mouse to wake it.",
        (Lang::En, Hindrance::OTHER_USER) => {
            "This screen is another user's, or somebody else is logged in in front of it. Your helper may see what is not yours; start Helpme where you are logged in yourself."
        }
        (Lang::En, Hindrance::OTHER_PICTURES) => {
            "Your helper's program and this one are too far apart in age to work together. One of them must be brought up to date."
        }
        (Lang::En, Hindrance::SCREEN_NOT_ALLOWED) => {
            "macOS does not let Helpme show your screen yet. Open System Settings, Privacy & Security, then Screen & System Audio Recording (“Screen Recording” on older Macs), switch Helpme on, and start it again. Nothing is shown before you allow it here, too."
        }
        (Lang::En, Hindrance::INPUT_NOT_ALLOWED) => {
            "Your helper can only watch: macOS does not let Helpme use keyboard and mouse yet. To allow it, open System Settings, Privacy & Security, then Accessibility, and switch Helpme on."
        }
        (Lang::En, Hindrance::ASKED_ONCE_MORE) => {
            "After you allow this, your desktop will ask you once more: choose your screen, switch on “Allow Remote Interaction” if your helper may use keyboard and mouse, and press “Share”."
        }
        (Lang::En, Hindrance::NOT_SHARED) => {
            "Your screen was not shared in your desktop's own window, or you stopped it there. To try again, use a new ticket and press “Share” when your desktop asks."
        }
        (Lang::En, Hindrance::NOT_ANSWERED) => {
            "Your desktop asked whether to share your screen, and nobody answered. To try again, use a new ticket and look for its window."
        }
        (Lang::En, Hindrance::NO_PIPEWIRE) => {
            "Helpme cannot show this screen: the program “helpme-screencast” or the library PipeWire is missing on this computer. Whoever looks after it can install them. You can already write to your helper."
        }
        (Lang::En, Hindrance::INPUT_NOT_SHARED) => {
            "Your helper can only watch: “Allow Remote Interaction” was off in your desktop's own window."
        }
        (Lang::En, Hindrance::MORE_RIGHTS) => {
            "The window in front has more rights than Helpme, so your helper cannot use it. Do there yourself what they say, or start Helpme as an administrator."
        }
        (Lang::En, Hindrance::NO_INPUT) => {
            "Your helper can only watch: keyboard and mouse cannot be driven here."
        }
        (Lang::En, Hindrance::NO_OWN_DEVICES) => {
            "Your keyboard and mouse cannot be told from those of programs here, so they stay in use."
        }
        (Lang::En, Hindrance::NO_BRIGHTNESS) => "This screen cannot be made dark by a program.",
        (Lang::En, _) => "Something on this computer hinders your helper.",
        (Lang::It, Hindrance::NO_DISPLAY) => {
            "Helpme non trova uno schermo da mostrare. Esci, accedi di nuovo e riavvia Helpme."
        }
        (Lang::It, Hindrance::NO_CAPTURE) => {
            "Questo schermo, com'è impostato ora, non può essere mostrato ad altri. Scegli più colori nelle impostazioni dello schermo, oppure esci e accedi di nuovo."
        }
        (Lang::It, Hindrance::WAYLAND) => {
            "Helpme non può mostrare questo schermo: il desktop usa Wayland. Esci dalla sessione. Prima di scrivere la password fai clic sul tuo nome, poi sull'ingranaggio, e scegli “Ubuntu su Xorg” o “Plasma (X11)”. Accedi e riavvia Helpme. Non si perde nulla, e puoi già scrivere a chi ti assiste."
        }
        (Lang::It, Hindrance::BESIDE_WAYLAND) => {
            "Il desktop usa Wayland, e chi ti assiste potrebbe vedere uno schermo diverso dal tuo. In tal caso esci, scegli “Ubuntu su Xorg” o “Plasma (X11)” con l'ingranaggio della schermata di accesso e riavvia Helpme."
        }
        (Lang::It, Hindrance::LOCKED) => {
            "Lo schermo è bloccato e chi ti assiste vede solo il blocco. Sbloccalo tu: a nessuno serve la tua password."
        }
        (Lang::It, Hindrance::BLANK) => "Lo schermo è spento. Muovi il mouse per riattivarlo.",
        (Lang::It, Hindrance::OTHER_USER) => {
            "Questo schermo è di un altro utente, o davanti al computer c'è la sessione di qualcun altro. Chi ti assiste potrebbe vedere ciò che non è tuo: avvia Helpme nella tua sessione."
        }
        (Lang::It, Hindrance::OTHER_PICTURES) => {
            "Il programma di chi ti assiste e questo sono di versioni troppo lontane. Uno dei due va aggiornato."
        }
        (Lang::It, Hindrance::SCREEN_NOT_ALLOWED) => {
            "macOS non lascia ancora che Helpme mostri lo schermo. Apri Impostazioni di Sistema, Privacy e sicurezza, poi Registrazione schermo e audio di sistema (“Registrazione schermo” sui Mac meno recenti), attiva Helpme e riavvialo. Non si vede nulla prima che tu lo permetta anche qui."
        }
        (Lang::It, Hindrance::INPUT_NOT_ALLOWED) => {
            "Chi ti assiste può solo guardare: macOS non lascia ancora che Helpme usi tastiera e mouse. Per permetterlo apri Impostazioni di Sistema, Privacy e sicurezza, poi Accessibilità, e attiva Helpme."
        }
        (Lang::It, Hindrance::ASKED_ONCE_MORE) => {
            "Dopo il tuo consenso, il desktop te lo chiederà ancora: scegli lo schermo, attiva “Consentire interazione remota” se chi ti assiste può usare tastiera e mouse, e premi “Condividi”."
        }
        (Lang::It, Hindrance::NOT_SHARED) => {
            "Lo schermo non è stato condiviso nella finestra del desktop, o l'hai interrotto lì. Per riprovare usa un nuovo ticket e premi “Condividi” quando il desktop lo chiede."
        }
        (Lang::It, Hindrance::NOT_ANSWERED) => {
            "Il desktop ha chiesto se condividere lo schermo, e nessuno ha risposto. Per riprovare usa un nuovo ticket e cerca la sua finestra."
        }
        (Lang::It, Hindrance::NO_PIPEWIRE) => {
            "Helpme non può mostrare questo schermo: in questo computer manca il programma “helpme-screencast” o la libreria PipeWire. Può installarli chi se ne occupa. Puoi già scrivere a chi ti assiste."
        }
        (Lang::It, Hindrance::INPUT_NOT_SHARED) => {
            "Chi ti assiste può solo guardare: nella finestra del desktop “Consentire interazione remota” era disattivato."
        }
        (Lang::It, Hindrance::MORE_RIGHTS) => {
            "La finestra in primo piano ha più diritti di Helpme, quindi chi ti assiste non può usarla. Fai tu lì ciò che ti dice, oppure avvia Helpme come amministratore."
        }
        (Lang::It, Hindrance::NO_INPUT) => {
            "Chi ti assiste può solo guardare: qui tastiera e mouse non si possono guidare."
        }
        (Lang::It, Hindrance::NO_OWN_DEVICES) => {
            "Qui tastiera e mouse tuoi non si distinguono da quelli dei programmi, quindi restano attivi."
        }
        (Lang::It, Hindrance::NO_BRIGHTNESS) => "Nessun programma può oscurare questo schermo.",
        (Lang::It, _) => "Qualcosa in questo computer ostacola chi ti assiste.",
    }
}

/// What hinders at the host, and what the operator can say to the user.
pub fn hindrance_for_operator(lang: Lang, hindrance: Hindrance) -> &'static str {
    match (lang, hindrance) {
        (Lang::En, Hindrance::NO_DISPLAY) => {
            "Helpme finds no screen on the user's computer. Logging out and in again may help."
        }
        (Lang::En, Hindrance::NO_CAPTURE) => {
            "The user's screen cannot be captured: it has too few colours, or its display server lacks what is needed."
        }
        (Lang::En, Hindrance::WAYLAND) => {
            "The user's desktop runs on Wayland, so the screen cannot be shown. Ask them to log out, to choose “Ubuntu on Xorg” or “Plasma (X11)” with the gear at the log-in screen, and to start Helpme again. Chat works."
        }
        (Lang::En, Hindrance::BESIDE_WAYLAND) => {
            "The user's desktop runs on Wayland. What you see may be another screen than the one in front of the user."
        }
        (Lang::En, Hindrance::LOCKED) => {
            "The user's screen is locked. Only the user should unlock it; never ask for a password."
        }
        (Lang::En, Hindrance::BLANK) => "The user's screen is dark. A move of the mouse wakes it.",
        (Lang::En, Hindrance::OTHER_USER) => {
            "The screen is not the user's own, or somebody else is logged in in front of it. You may see what is not meant for you."
        }
        (Lang::En, Hindrance::OTHER_PICTURES) => {
            "The user's Helpme and this console are too far apart in age: bring the older one up to date."
        }
        (Lang::En, Hindrance::SCREEN_NOT_ALLOWED) => {
            "The user's Mac does not let Helpme show the screen yet. Ask them to open System Settings, Privacy & Security, Screen Recording, to switch Helpme on and to start it again. Chat works."
        }
        (Lang::En, Hindrance::INPUT_NOT_ALLOWED) => {
            "You can only watch: the user's Mac does not let Helpme use keyboard and mouse yet. They can switch it on in System Settings, Privacy & Security, Accessibility."
        }
        (Lang::En, Hindrance::ASKED_ONCE_MORE) => {
            "After the user has allowed the session, their desktop asks them once more: they choose the screen, switch on “Allow Remote Interaction” and press “Share”."
        }
        (Lang::En, Hindrance::NOT_SHARED) => {
            "The user did not share the screen in their desktop's own window, or stopped it there. A new ticket asks again."
        }
        (Lang::En, Hindrance::NOT_ANSWERED) => {
            "The user's desktop asked whether to share the screen, and nobody answered. A new ticket asks again."
        }
        (Lang::En, Hindrance::NO_PIPEWIRE) => {
            "The user's screen cannot be shown: the program “helpme-screencast” or the library PipeWire is missing on their computer. Chat works."
        }
        (Lang::En, Hindrance::INPUT_NOT_SHARED) => {
            "You can only watch: “Allow Remote Interaction” was off in the user's desktop's own window."
        }
        (Lang::En, Hindrance::MORE_RIGHTS) => {
            "The window in front has more rights than Helpme and takes neither your keys nor your clicks. Ask the user to do what is needed there, or to start Helpme as an administrator."
        }
        (Lang::En, Hindrance::NO_INPUT) => {
            "You can only watch: the user's display lets no program use keyboard and mouse."
        }
        (Lang::En, Hindrance::NO_OWN_DEVICES) => {
            "The user's display does not tell their keyboard and mouse from those of programs."
        }
        (Lang::En, Hindrance::NO_BRIGHTNESS) => {
            "The user's display lets no program change its brightness."
        }
        (Lang::En, _) => "Something on the user's computer hinders the session.",
        (Lang::It, Hindrance::NO_DISPLAY) => {
            "Helpme non trova uno schermo sul computer dell'utente. Può servire uscire e accedere di nuovo."
        }
        (Lang::It, Hindrance::NO_CAPTURE) => {
            "Lo schermo dell'utente non può essere catturato: ha troppo pochi colori, o al suo server grafico manca ciò che serve."
        }
        (Lang::It, Hindrance::WAYLAND) => {
            "Il desktop dell'utente usa Wayland: lo schermo non può essere mostrato. Chiedigli di uscire, scegliere “Ubuntu su Xorg” o “Plasma (X11)” con l'ingranaggio della schermata di accesso e riavviare Helpme. La chat funziona."
        }
        (Lang::It, Hindrance::BESIDE_WAYLAND) => {
            "Il desktop dell'utente usa Wayland. Ciò che vedi può essere uno schermo diverso da quello davanti all'utente."
        }
        (Lang::It, Hindrance::LOCKED) => {
            "Lo schermo dell'utente è bloccato. Solo l'utente deve sbloccarlo: non chiedere mai una password."
        }
        (Lang::It, Hindrance::BLANK) => {
            "Lo schermo dell'utente è spento. Un movimento del mouse lo riattiva."
        }
        (Lang::It, Hindrance::OTHER_USER) => {
            "Lo schermo non è dell'utente, o davanti al computer c'è la sessione di qualcun altro. Potresti vedere ciò che non è destinato a te."
        }
        (Lang::It, Hindrance::OTHER_PICTURES) => {
            "L'Helpme dell'utente e questa console sono di versioni troppo lontane: aggiorna il più vecchio."
        }
        (Lang::It, Hindrance::SCREEN_NOT_ALLOWED) => {
            "Il Mac dell'utente non lascia ancora che Helpme mostri lo schermo. Chiedigli di aprire Impostazioni di Sistema, Privacy e sicurezza, Registrazione schermo, di attivare Helpme e di riavviarlo. La chat funziona."
        }
        (Lang::It, Hindrance::INPUT_NOT_ALLOWED) => {
            "Puoi solo guardare: il Mac dell'utente non lascia ancora che Helpme usi tastiera e mouse. Può attivarlo in Impostazioni di Sistema, Privacy e sicurezza, Accessibilità."
        }
        (Lang::It, Hindrance::ASKED_ONCE_MORE) => {
            "Dopo il consenso dell'utente, il suo desktop glielo chiede ancora: sceglie lo schermo, attiva “Consentire interazione remota” e preme “Condividi”."
        }
        (Lang::It, Hindrance::NOT_SHARED) => {
            "L'utente non ha condiviso lo schermo nella finestra del suo desktop, o l'ha interrotto lì. Un nuovo ticket lo chiede ancora."
        }
        (Lang::It, Hindrance::NOT_ANSWERED) => {
            "Il desktop dell'utente ha chiesto se condividere lo schermo, e nessuno ha risposto. Un nuovo ticket lo chiede ancora."
        }
        (Lang::It, Hindrance::NO_PIPEWIRE) => {
            "Lo schermo dell'utente non può essere mostrato: nel suo computer manca il programma “helpme-screencast” o la libreria PipeWire. La chat funziona."
        }
        (Lang::It, Hindrance::INPUT_NOT_SHARED) => {
            "Puoi solo guardare: nella finestra del desktop dell'utente “Consentire interazione remota” era disattivato."
        }
        (Lang::It, Hindrance::MORE_RIGHTS) => {
            "La finestra in primo piano ha più diritti di Helpme e non accetta né i tuoi tasti né i tuoi clic. Chiedi all'utente di fare lì il necessario, o di avviare Helpme come amministratore."
        }
        (Lang::It, Hindrance::NO_INPUT) => {
            "Puoi solo guardare: lo schermo dell'utente non lascia usare tastiera e mouse ai programmi."
        }
        (Lang::It, Hindrance::NO_OWN_DEVICES) => {
            "Il display dell'utente non distingue la sua tastiera e il suo mouse da quelli dei programmi."
        }
        (Lang::It, Hindrance::NO_BRIGHTNESS) => {
            "Il display dell'utente non lascia cambiare la luminosità ai programmi."
        }
        (Lang::It, _) => "Qualcosa sul computer dell'utente ostacola la sessione.",
    }
}

/// The same in two words, for a row of the list.
pub fn hindrance_in_short(lang: Lang, hindrance: Hindrance) -> &'static str {
    match (lang, hindrance) {
        (Lang::En, Hindrance::NO_DISPLAY) => "No screen",
        (Lang::En, Hindrance::NO_CAPTURE) => "Screen cannot be shown",
        (Lang::En, Hindrance::WAYLAND) => "Wayland: cannot be shown",
        (Lang::En | Lang::It, Hindrance::BESIDE_WAYLAND) => "Wayland",
        (Lang::En, Hindrance::LOCKED) => "Locked",
        (Lang::En, Hindrance::BLANK) => "Screen is dark",
        (Lang::En, Hindrance::OTHER_USER) => "Another user's screen",
        (Lang::En, Hindrance::OTHER_PICTURES) => "Too old",
        (Lang::En, Hindrance::SCREEN_NOT_ALLOWED) => "Not allowed yet",
        (Lang::En, Hindrance::ASKED_ONCE_MORE) => "Asks once more",
        (Lang::En, Hindrance::NOT_SHARED) => "Not shared",
        (Lang::En, Hindrance::NOT_ANSWERED) => "Not answered",
        (Lang::En, Hindrance::NO_PIPEWIRE) => "PipeWire is missing",
        (
            Lang::En,
            Hindrance::NO_INPUT | Hindrance::INPUT_NOT_ALLOWED | Hindrance::INPUT_NOT_SHARED,
        ) => "Watching only",
        (Lang::En, Hindrance::MORE_RIGHTS) => "Window out of reach",
        (Lang::En, _) => "Hindered",
        (Lang::It, Hindrance::NO_DISPLAY) => "Nessuno schermo",
        (Lang::It, Hindrance::NO_CAPTURE) => "Schermo non mostrabile",
        (Lang::It, Hindrance::WAYLAND) => "Wayland: non mostrabile",
        (Lang::It, Hindrance::LOCKED) => "Bloccato",
        (Lang::It, Hindrance::BLANK) => "Schermo spento",
        (Lang::It, Hindrance::OTHER_USER) => "Schermo di un altro utente",
        (Lang::It, Hindrance::OTHER_PICTURES) => "Troppo vecchio",
        (Lang::It, Hindrance::SCREEN_NOT_ALLOWED) => "Non ancora permesso",
        (Lang::It, Hindrance::ASKED_ONCE_MORE) => "Chiede ancora",
        (Lang::It, Hindrance::NOT_SHARED) => "Non condiviso",
        (Lang::It, Hindrance::NOT_ANSWERED) => "Senza risposta",
        (Lang::It, Hindrance::NO_PIPEWIRE) => "Manca PipeWire",
        (
            Lang::It,
            Hindrance::NO_INPUT | Hindrance::INPUT_NOT_ALLOWED | Hindrance::INPUT_NOT_SHARED,
        ) => "Sola visione",
        (Lang::It, Hindrance::MORE_RIGHTS) => "Fuori portata",
        (Lang::It, _) => "Ostacolato",
    }
}
