//! How it stands with the certificate of the TCP ports.

use std::time::{Duration, SystemTime};

use hub::{
    AcmeConfig, AcmeFault, AcmeStanding, AcmeTrouble, CertificateFiles, CertificateSource,
    CertificateStanding, Config, Validity, certificate_validity,
};

use super::Finding;

const CHECK: &str = "certificate";
/// Somebody has to renew it by hand.
const SOON: Duration = Duration::from_hours(14 * 24);
/// A try takes no longer.
const TRY: Duration = Duration::from_mins(5);
const DAY: Duration = Duration::from_hours(24);

pub(super) fn look(config: &Config) -> Finding {
    match &config.certificate {
        CertificateSource::Own => {
            let says = "none is given; the page, if there is one, shows the hub's own, of which browsers warn";
            Finding::good(CHECK, says)
        }
        CertificateSource::Files(files) => given(files),
        CertificateSource::Acme(acme) => {
            let files = config.certificate.files(&config.data);
            let validity = files.and_then(|files| certificate_validity(&files).ok());
            asked_for(acme, config, validity)
        }
    }
}

fn given(files: &CertificateFiles) -> Finding {
    let shown = files.chain.display();
    let now = SystemTime::now();
    match certificate_validity(files).map(|validity| validity.standing(now, SOON)) {
        Ok(CertificateStanding::Good) => Finding::good(CHECK, format!("{shown} is good")),
        Ok(CertificateStanding::EndsSoon) => Finding::warning(
            CHECK,
            format!("{shown} is over within two weeks"),
            "renew it; the hub takes the new file by itself",
        ),
        Ok(CertificateStanding::Over) => Finding::fault(
            CHECK,
            format!("{shown} is over: browsers refuse the page"),
            "renew it; the hub takes the new file by itself",
        ),
        Ok(CertificateStanding::NotYet) => Finding::fault(
            CHECK,
            format!("{shown} is not good yet"),
            "look at this computer's clock, or wait until the certificate's time begins",
        ),
        Err(error) => Finding::fault(
            CHECK,
            error.to_string(),
            "give the files as the certificate authority made them, in PEM, readable for the hub's account",
        ),
    }
}

/// The hub asks an authority itself.
fn asked_for(acme: &AcmeConfig, config: &Config, validity: Option<Validity>) -> Finding {
    let AcmeConfig {
        name, directory, ..
    } = acme;
    let now = SystemTime::now();
    let standing = AcmeStanding::read(&config.data);
    let has = match validity.map(|validity| (validity, validity.standing(now, Duration::ZERO))) {
        None => format!("there is none for {name} yet"),
        Some((validity, CertificateStanding::Good | CertificateStanding::EndsSoon)) => {
            let days = |from: SystemTime, to: SystemTime| {
                let between = to.duration_since(from).unwrap_or_default();
                between.as_secs() / DAY.as_secs()
            };
            let (old, left) = (days(validity.from, now), days(now, validity.until));
            format!("that for {name} is {old} days old and good for {left} more")
        }
        Some((_, CertificateStanding::Over)) => {
            format!("that for {name} is over: browsers refuse the page")
        }
        Some((_, CertificateStanding::NotYet)) => {
            let says = format!("that for {name} is not good yet");
            return Finding::fault(CHECK, says, "look at this computer's clock");
        }
    };
    let is_good = validity.is_some_and(|validity| now <= validity.until);
    let Some(trouble) = standing.trouble.as_ref() else {
        return if is_good {
            Finding::good(CHECK, has)
        } else {
            let advice = format!(
                "start the hub: it asks {directory}, which then looks at TCP port 443 of {name}"
            );
            Finding::warning(CHECK, has, advice)
        };
    };
    if is_under_way(&standing, trouble, now) {
        let says = format!("{has}; the hub asks for a new one just now");
        return Finding::warning(CHECK, says, "look again in some minutes");
    }
    let or_at_start = if standing.is_told {
        ""
    } else {
        ", or at a start of the hub 15 minutes after the last"
    };
    let says = format!(
        "{has}; {} failed, the last at {}: {trouble}; the next is at {}{or_at_start}",
        tries(standing.failures),
        standing.last_try(),
        standing.next_try(),
    );
    let advice = advice(trouble, acme, config);
    if is_good {
        Finding::warning(CHECK, says, advice)
    } else {
        Finding::fault(CHECK, says, advice)
    }
}

fn is_under_way(standing: &AcmeStanding, trouble: &AcmeTrouble, now: SystemTime) -> bool {
    let began = u64::try_from(standing.tried_unix_millis).unwrap_or(0);
    let began = SystemTime::UNIX_EPOCH + Duration::from_millis(began);
    let since = now.duration_since(began);
    trouble.fault == AcmeFault::CutOff && since.is_ok_and(|since| since < TRY)
}

fn tries(failures: u32) -> String {
    match failures {
        1 => "a try".to_owned(),
        more => format!("{more} tries"),
    }
}

fn advice(trouble: &AcmeTrouble, acme: &AcmeConfig, config: &Config) -> String {
    let advice = trouble.advice(acme);
    let is_looked_for = trouble.fault == AcmeFault::NotReached;
    // those that are not named are taken where they can be had
    let named = config.web.as_deref().unwrap_or_default();
    if is_looked_for && !named.is_empty() && named.iter().all(|address| address.port() != 443) {
        let ports: Vec<String> = named
            .iter()
            .map(|address| address.port().to_string())
            .collect();
        let ports = ports.join(", ");
        return format!("{advice}; the hub listens on {ports}, so the router must lead 443 there");
    }
    advice
}
