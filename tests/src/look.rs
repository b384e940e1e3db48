//! How the windows look: light or dark, English or Italian.

use std::fs;
use std::path::Path;

use serde_json::json;

/// The programs' settings for one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// What files of this look are called.
    pub name: &'static str,
    theme: &'static str,
    language: &'static str,
    /// Pixels of the display for each of a usual one, in each direction.
    pub(crate) pixels: &'static str,
}

impl Look {
    /// What a computer with nobody in front has as `LANG`.
    pub(crate) fn locale(&self) -> &'static str {
        match self.language {
            "It" => "it_IT.UTF-8",
            _ => "en_GB.UTF-8",
        }
    }

    /// Light, in English: what tests and the demo look like.
    pub const LIGHT: Self = Self {
        name: "light",
        theme: "Light",
        language: "En",
        pixels: "1",
    };
    /// Dark, in English.
    pub const DARK: Self = Self {
        name: "dark",
        theme: "Dark",
        language: "En",
        pixels: "1",
    };
    /// Light, in Italian.
    pub const ITALIAN: Self = Self {
        name: "it",
        theme: "Light",
        language: "It",
        pixels: "1",
    };
    /// Light, in English, on a display whose pixels are twice as fine as usual.
    pub const FINE: Self = Self {
        name: "fine",
        pixels: "2",
        ..Self::LIGHT
    };

    /// Dark, in English, on fine pixels.
    pub const FINE_DARK: Self = Self {
        name: "fine-dark",
        pixels: "2",
        ..Self::DARK
    };
    /// Light, in Italian, on fine pixels.
    pub const FINE_ITALIAN: Self = Self {
        name: "fine-it",
        pixels: "2",
        ..Self::ITALIAN
    };

    /// All of them.
    pub(crate) const ALL: [Self; 6] = [
        Self::LIGHT,
        Self::DARK,
        Self::ITALIAN,
        Self::FINE,
        Self::FINE_DARK,
        Self::FINE_ITALIAN,
    ];

    /// How many pixels of the display a usual one takes in each direction.
    pub(crate) fn scale(self) -> u16 {
        if self.pixels == "1" { 1 } else { 2 }
    }

    pub(crate) fn is_dark(self) -> bool {
        self.theme == Self::DARK.theme
    }

    /// As web pages call it.
    pub(crate) fn language_code(self) -> &'static str {
        if self.language == "It" { "it" } else { "en" }
    }

    /// Lets the program `app` with settings in `profile` have this look.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn set_up(self, profile: &Path, app: &str) -> anyhow::Result<()> {
        let folder = profile.join(app);
        let settings = folder.join("settings.json");
        if !settings.exists() {
            fs::create_dir_all(folder)?;
            // Helpme's user has read how to recognise a swindler, but for plays in which that is new
            let chosen = json!({
                "theme": self.theme,
                "language": self.language,
                "advice_read": true,
            });
            fs::write(settings, chosen.to_string())?;
        }
        Ok(())
    }

    /// What stands on the screen where an English one shows `label`.
    pub(crate) fn reads(self, label: &str) -> &str {
        if self.language == "En" {
            return label;
        }
        match label {
            "Sign in" => "Accedi",
            "Overview" => "Panoramica",
            "Today" => "Oggi",
            "Live" => "In corso",
            "Reports" => "Rapporti",
            "Films" => "Filmati",
            "Totals" => "Totali",
            "Computers" => "Computer",
            "People" => "Persone",
            "Audit log" => "Registro",
            "Signed in" => "Accesso all'hub",
            "Name" => "Nome",
            "Play (Space)" => "Riproduci (Spazio)",
            "Add a person" => "Aggiungi persona",
            "Log-in name" => "Nome di accesso",
            "What is typed to log in." => "Ciò che si digita per accedere.",
            "Erase" => "Cancella",
            "Reason" => "Motivo",
            "End session" => "Termina sessione",
            "Server address" => "Indirizzo del server",
            "Port" => "Porta",
            "Fingerprint of the hub" => "Impronta dell'hub",
            "User name" => "Nome utente",
            "Remember password" => "Ricorda password",
            "Connect on start up" => "Connetti all'avvio",
            "Log into the service" => "Accedi al servizio",
            "Logged in" => "Accesso eseguito",
            "Settings" => "Impostazioni",
            "User account" => "Account utente",
            "Cancel" => "Annulla",
            "Copy" => "Copia",
            "Dismiss" => "Chiudi l'avviso",
            "Remote Session" => "Sessione remota",
            "Remote screen" => "Schermo remoto",
            "Access password of the computer" => "Password di accesso del computer",
            "The password is wrong." => "La password è errata.",
            "Finish later" => "Completa più tardi",
            "End" => "Termina",
            "Write the report" => "Scrivi il rapporto",
            "Problem" => "Problema",
            "Solution" => "Soluzione",
            "Finish the report" => "Completa il rapporto",
            "Your name" => "Il tuo nome",
            "Session menu" => "Menu della sessione",
            "Bring in a colleague" => "Coinvolgi un collega",
            "Your colleague's ticket" => "Il ticket del collega",
            "Bring in" => "Coinvolgi",
            "Who is here" => "Chi è presente",
            "Send Bruno Verdi away" => "Manda via Bruno Verdi",
            "Allow" => "Consenti",
            "Refuse" => "Rifiuta",
            "Write a message" => "Scrivi un messaggio",
            "Mark this moment (Ctrl+Alt+Shift+M)" => "Segna questo momento (Ctrl+Alt+Shift+M)",
            "Mark" => "Segna",
            "Pause" => "Pausa",
            "Go on" => "Riprendi",
            "Paused by the user" => "In pausa per scelta dell'utente",
            "System information" => "Informazioni di sistema",
            "Send it" => "Invia",
            "Put into the report" => "Inserisci nel rapporto",
            "Use another ticket" => "Usa un altro ticket",
            "I understand" => "Ho capito",
            "How to recognise a swindler" => "Come riconoscere un truffatore",
            "Details for a technician" => "Dettagli per un tecnico",
            "Your network asks who you are" => "La tua rete chiede chi sei",
            "Check the connection" => "Controlla la connessione",
            "Proxy and http tunneling" => "Proxy e tunnel http",
            "Close" => "Chiudi",
            same => same,
        }
    }
}
