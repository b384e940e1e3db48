//! What a proxy did, and what helps (R3). Each sentence is for whoever sits there; the names in it are for
//! the people of their network.

use protocol::{NoAccount, ProxyAddress, ProxyError};

use super::Lang;

/// Why a proxy did not lead to the hub.
pub fn proxy_text(lang: Lang, error: &ProxyError) -> String {
    match (lang, error) {
        (Lang::En, ProxyError::NoAnswer { proxy }) => {
            format!("The proxy {proxy} cannot be reached. Check its name and port.")
        }
        (Lang::It, ProxyError::NoAnswer { proxy }) => {
            format!("Il proxy {proxy} non è raggiungibile. Controlla nome e porta.")
        }
        (Lang::En, ProxyError::AsksForLogin { proxy }) => {
            format!("The proxy {proxy} asks for a user name and a password.")
        }
        (Lang::It, ProxyError::AsksForLogin { proxy }) => {
            format!("Il proxy {proxy} chiede un nome utente e una password.")
        }
        (Lang::En, ProxyError::LoginRefused { proxy }) => {
            format!("The proxy {proxy} does not accept the user name or the password.")
        }
        (Lang::It, ProxyError::LoginRefused { proxy }) => {
            format!("Il proxy {proxy} non accetta il nome utente o la password.")
        }
        (Lang::En, ProxyError::UnknownSignIn { proxy, offered }) => format!(
            "The proxy {proxy} signs people in by {offered} only, which this program does not know."
        ),
        (Lang::It, ProxyError::UnknownSignIn { proxy, offered }) => format!(
            "Il proxy {proxy} autentica solo con {offered}, che questo programma non conosce."
        ),
        (Lang::En, ProxyError::NotAllowed { proxy, to }) => format!(
            "The proxy {proxy} does not permit connections to {}, port {}. Ask the people of your network to permit it.",
            to.host, to.port
        ),
        (Lang::It, ProxyError::NotAllowed { proxy, to }) => format!(
            "Il proxy {proxy} non permette connessioni a {}, porta {}. Chiedi a chi gestisce la rete di permetterle.",
            to.host, to.port
        ),
        (Lang::En, ProxyError::HubNotReached { proxy, to }) => {
            format!("The proxy {proxy} answers, but does not reach {}.", to.host)
        }
        (Lang::It, ProxyError::HubNotReached { proxy, to }) => {
            format!("Il proxy {proxy} risponde, ma non raggiunge {}.", to.host)
        }
        (Lang::En, ProxyError::NoProxy { proxy }) => {
            format!("What answers at {proxy} is not a proxy. Check its name and port.")
        }
        (Lang::It, ProxyError::NoProxy { proxy }) => {
            format!("Ciò che risponde a {proxy} non è un proxy. Controlla nome e porta.")
        }
        (_, ProxyError::WantsAccount { proxy, why }) => wants_account(lang, proxy, *why),
    }
}

/// Whoever sits there may have heard of an account, but of no Kerberos ticket.
fn wants_account(lang: Lang, proxy: &ProxyAddress, why: NoAccount) -> String {
    match (lang, why) {
        (Lang::En, NoAccount::NoTicket) => format!(
            "The proxy {proxy} lets only those through who are signed in to its network, and this computer is not. Sign in to the computer with the account of your organisation and try again."
        ),
        (Lang::It, NoAccount::NoTicket) => format!(
            "Il proxy {proxy} lascia passare solo chi ha effettuato l'accesso alla sua rete, e questo computer non l'ha fatto. Accedi al computer con l'account della tua organizzazione e riprova."
        ),
        (Lang::En, NoAccount::TooSlow) => format!(
            "The proxy {proxy} lets only those through who are signed in to its network, and the server that vouches for this computer does not answer. Try again in a minute."
        ),
        (Lang::It, NoAccount::TooSlow) => format!(
            "Il proxy {proxy} lascia passare solo chi ha effettuato l'accesso alla sua rete, e il server che garantisce per questo computer non risponde. Riprova tra un minuto."
        ),
        (Lang::En, NoAccount::Refused) => format!(
            "The proxy {proxy} lets only those through who are signed in to its network, and does not accept the account of this computer."
        ),
        (Lang::It, NoAccount::Refused) => format!(
            "Il proxy {proxy} lascia passare solo chi ha effettuato l'accesso alla sua rete, e non accetta l'account di questo computer."
        ),
    }
}

/// The proxy, where it wants to know who signs in.
pub fn proxy_that_asks(error: &ProxyError) -> Option<&ProxyAddress> {
    match error {
        ProxyError::AsksForLogin { proxy } | ProxyError::LoginRefused { proxy } => Some(proxy),
        ProxyError::NoAnswer { .. }
        | ProxyError::UnknownSignIn { .. }
        | ProxyError::NotAllowed { .. }
        | ProxyError::HubNotReached { .. }
        | ProxyError::NoProxy { .. }
        | ProxyError::WantsAccount { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r3_each_trouble_with_a_proxy_has_a_sentence_of_its_own() {
        let proxy = || ProxyAddress {
            kind: protocol::ProxyKind::Http,
            host: "proxy.example".to_owned(),
            port: 3128,
        };
        let to = || "hub.example:8080".parse().expect("an address");
        let wants = |why| {
            let proxy = proxy();
            ProxyError::WantsAccount { proxy, why }
        };
        let all = [
            ProxyError::NoAnswer { proxy: proxy() },
            ProxyError::AsksForLogin { proxy: proxy() },
            ProxyError::LoginRefused { proxy: proxy() },
            ProxyError::UnknownSignIn {
                proxy: proxy(),
                offered: "Bearer".to_owned(),
            },
            ProxyError::NotAllowed {
                proxy: proxy(),
                to: to(),
            },
            ProxyError::HubNotReached {
                proxy: proxy(),
                to: to(),
            },
            ProxyError::NoProxy { proxy: proxy() },
            wants(NoAccount::NoTicket),
            wants(NoAccount::TooSlow),
            wants(NoAccount::Refused),
        ];
        let mut said: Vec<String> = Lang::ALL
            .into_iter()
            .flat_map(|lang| all.iter().map(move |error| proxy_text(lang, error)))
            .collect();
        assert!(said.iter().all(|text| text.contains("proxy.example:3128")));
        let count = said.len();
        said.sort();
        said.dedup();
        assert_eq!(said.len(), count);
    }
}
