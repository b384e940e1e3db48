//! H8: who needs help has never heard of a hub.

use std::fs;
use std::path::Path;

use host_engine::{AddressFault, CertificateFault, EndCause, Trouble};
use protocol::{Hindrance, ProxyAddress, ProxyError, ProxyKind, Refusal, RefusalCode, TooOld};
use ui_kit::words::{address_wrong, hindrance_for_user, start_words, ticket_missing};
use ui_kit::{StartFault, Word};

use super::*;

/// Fails if `text` speaks of a hub, other than in an address.
pub(crate) fn check(text: &str) {
    let spoken = text.replace("hub.example.org", "").to_lowercase();
    let mut words = spoken.split(|c: char| !c.is_alphanumeric());
    assert!(!words.any(|word| word == "hub" || word == "hubs"), "{text}");
}

/// The sources of what Helpme shows, but for tests.
fn sources() -> Vec<String> {
    fn read(place: &Path, sources: &mut Vec<String>) {
        if place.is_dir() {
            for entry in fs::read_dir(place).expect("a folder") {
                read(&entry.expect("an entry").path(), sources);
            }
        } else if !place.ends_with("tests.rs") {
            sources.push(fs::read_to_string(place).expect("a source"));
        }
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kit = here.join("../crates/ui-kit/src");
    let mut sources = Vec::new();
    for place in [
        "words/doctor.rs",
        "words/sentences.rs",
        "proxy_form.rs",
        "widgets",
    ] {
        read(&kit.join(place), &mut sources);
    }
    read(&here.join("src"), &mut sources);
    sources
}

#[test]
fn h8_no_word_of_the_table_that_helpme_uses_is_hub() {
    let sources = sources().concat();
    let mut used = 0;
    for word in Word::ALL {
        let name = format!("Word::{word:?}");
        let uses = sources.match_indices(&name);
        let ends = |(at, name): (usize, &str)| {
            !sources[at + name.len()..].starts_with(char::is_alphanumeric)
        };
        if uses.into_iter().any(ends) {
            used += 1;
            for lang in Lang::ALL {
                check(w(lang, *word));
            }
        }
    }
    assert!(used > 60, "only {used} words are found");
}

#[test]
fn h8_no_sentence_of_helpmes_own_is_of_a_hub() {
    let source = include_str!("../words.rs");
    let mut sentences = 0;
    for line in source.lines().filter(|line| !line.trim().starts_with("//")) {
        // what stands between quotation marks, without what is filled in
        for said in line.split('"').skip(1).step_by(2) {
            let parts = said.split('{').map(|part| part.rsplit('}').next());
            parts.flatten().for_each(check);
            sentences += 1;
        }
    }
    assert!(sentences > 100, "only {sentences} sentences are found");
}

#[test]
fn h8_whatever_goes_wrong_is_told_without_a_hub() {
    let hub: host_engine::HubAddress = "help.example.org:4433".parse().expect("an address");
    let proxy = || ProxyAddress {
        kind: ProxyKind::Http,
        host: "proxy.example.org".to_owned(),
        port: 3128,
    };
    let certificates = [
        CertificateFault::None,
        CertificateFault::OtherName,
        CertificateFault::Expired,
        CertificateFault::NotYetValid,
        CertificateFault::UnknownIssuer,
        CertificateFault::Revoked,
        CertificateFault::Unusable,
    ];
    let certificates = certificates.map(|fault| ConnectProblem::Certificate {
        hub: hub.clone(),
        fault,
    });
    let versions = [TooOld::Program, TooOld::Hub].map(|too_old| ConnectProblem::OtherVersion {
        hub: hub.clone(),
        too_old,
    });
    let others = [
        ConnectProblem::UnknownName {
            host: hub.host.clone(),
        },
        ConnectProblem::NoAnswer { hub: hub.clone() },
        ConnectProblem::ForeignKey,
        ConnectProblem::FalseConsole,
        ConnectProblem::Proxy(ProxyError::NoAnswer { proxy: proxy() }),
        ConnectProblem::Proxy(ProxyError::HubNotReached {
            proxy: proxy(),
            to: hub.clone(),
        }),
        ConnectProblem::ProxyScript,
        ConnectProblem::Nonsense,
        ConnectProblem::Failed {
            detail: "the hub hung up".to_owned(),
        },
    ];
    let problems: Vec<_> = certificates
        .into_iter()
        .chain(versions)
        .chain(others)
        .collect();
    let ends = [
        EndedBy::User,
        EndedBy::Operator,
        EndedBy::HostLost,
        EndedBy::OperatorLost,
        EndedBy::CannotRecord,
        EndedBy::HubStopped,
        EndedBy::Forged,
        EndedBy::NoCapture,
        EndedBy::Administrator,
    ];
    let addresses = [
        AddressFault::NoHost,
        AddressFault::Space,
        AddressFault::Email,
        AddressFault::Port,
        AddressFault::Bracket,
        AddressFault::Colons,
        AddressFault::Numbers,
        AddressFault::Dots,
        AddressFault::Character,
        AddressFault::Long,
    ];
    let detail = String::new;
    let starts = [
        StartFault::NoDisplay { detail: detail() },
        StartFault::DisplayLacks { detail: detail() },
        StartFault::NoDrawing { detail: detail() },
        StartFault::NoFolder { detail: detail() },
        StartFault::BadSetUp { detail: detail() },
        StartFault::Altered { detail: detail() },
        StartFault::Fault { detail: detail() },
    ];
    for lang in Lang::ALL {
        for problem in &problems {
            check(&connect_problem(lang, problem));
        }
        for code in 0..300 {
            let refusal = Refusal::new(RefusalCode(code));
            check(&connect_problem(lang, &ConnectProblem::Refused(refusal)));
            check(&lost_cause(lang, LostCause::Refused(refusal)));
            check(hindrance_for_user(lang, Hindrance(code)));
        }
        for cause in [LostCause::Silence, LostCause::Closed, LostCause::Nonsense] {
            check(&lost_cause(lang, cause));
        }
        for by in ends {
            check(end_cause(lang, EndCause::By(by)));
        }
        for fault in addresses {
            check(address_wrong(lang, fault));
            // on the start's own window
            check(&fault.to_string());
        }
        for fault in &starts {
            let words = start_words(lang, fault);
            check(&format!("{} {}", words.heading, words.sentences));
        }
        for why in [Hindrance::NO_INPUT, Hindrance::INPUT_NOT_SHARED] {
            let detail = detail();
            check(&trouble(lang, &Trouble::NoInput { detail, why }));
        }
        for why in [Hindrance::NOT_SHARED, Hindrance::NOT_ANSWERED] {
            let detail = detail();
            check(&trouble(lang, &Trouble::NoCapture { detail, why }));
        }
        check(ticket_missing(
            lang,
            session::ticket::TicketMissing::Nowhere,
        ));
    }
}
