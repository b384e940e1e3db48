//! Details of a row of the audit log, to read: each name and its value, in words.

use serde_json::Value;
use ui_kit::words::visible_line;
use ui_kit::{Clock, Lang};

/// Names that the hub gives to details, in English and Italian.
const NAMES: [(&str, &str, &str); 46] = [
    ("action", "action", "azione"),
    ("address", "address", "indirizzo"),
    ("asked", "asked", "richiesto"),
    ("by", "by", "da"),
    ("bytes", "bytes", "byte"),
    ("category", "category", "categoria"),
    ("computer", "computer", "computer"),
    ("count", "count", "numero"),
    ("display_name", "name shown", "nome mostrato"),
    ("enrolment", "code for computers", "codice per computer"),
    ("expires_unix_millis", "good until", "valido fino al"),
    ("field", "field", "campo"),
    ("film_days", "days films are kept", "giorni dei filmati"),
    ("format", "format", "formato"),
    ("granted", "granted", "concesso"),
    ("group", "group", "gruppo"),
    ("groups", "groups", "gruppi"),
    ("head", "hash", "impronta"),
    ("host", "computer", "computer"),
    ("key", "key", "chiave"),
    ("lost", "line lost", "linea persa"),
    ("made_unix_millis", "made", "eseguito il"),
    ("name", "name", "nome"),
    ("new_name", "new name", "nuovo nome"),
    ("note", "note", "nota"),
    ("operator", "operator", "operatore"),
    ("password_chars", "shortest password", "password più corta"),
    ("peer", "place", "posto"),
    ("permissions", "permissions", "permessi"),
    ("program", "program", "programma"),
    ("question", "question", "domanda"),
    ("reason", "reason", "motivo"),
    ("report", "report", "rapporto"),
    ("rights", "rights", "diritti"),
    ("role", "role", "ruolo"),
    ("route", "ticket", "ticket"),
    ("second_factor", "second factor", "secondo fattore"),
    ("seen_by", "seen by groups", "visto dai gruppi"),
    ("session", "session", "sessione"),
    ("sign_in", "sign-in", "accesso"),
    ("to", "to", "a"),
    ("uses", "for how many", "per quanti"),
    ("value", "value", "valore"),
    ("version", "version", "versione"),
    ("wrong_secrets", "wrong tries", "tentativi errati"),
    ("why", "why", "perché"),
];

/// `detail` in words, or as it is where it is not made of names and values.
pub(crate) fn in_words((lang, clock): (Lang, Clock), detail: &str) -> String {
    let Ok(Value::Object(values)) = serde_json::from_str(detail) else {
        return visible_line(detail).into_owned();
    };
    let parts = values.iter().map(|(name, value)| {
        let known = NAMES.iter().find(|(known, ..)| known == name);
        // a name in the log says its unit
        let time = name
            .ends_with("_unix_millis")
            .then(|| value.as_i64())
            .flatten();
        let value = match time {
            Some(millis) => clock.date_time(millis.div_euclid(1000)),
            None => value_text(lang, value),
        };
        let name = match (known, lang) {
            (Some((_, english, _)), Lang::En) => (*english).to_owned(),
            (Some((.., italian)), Lang::It) => (*italian).to_owned(),
            (None, _) => name.replace('_', " "),
        };
        format!("{name}: {value}")
    });
    let parts: Vec<String> = parts.collect();
    visible_line(&parts.join("  ·  ")).into_owned()
}

fn value_text(lang: Lang, value: &Value) -> String {
    let is_english = lang == Lang::En;
    match value {
        Value::Null => (if is_english { "none" } else { "nessuno" }).to_owned(),
        Value::Bool(true) => (if is_english { "yes" } else { "sì" }).to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(|one| value_text(lang, one)).collect();
            all.join(", ")
        }
        Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Details as somebody far from any time zone reads them.
    fn in_words(lang: Lang, detail: &str) -> String {
        super::in_words((lang, Clock::now()), detail)
    }

    #[test]
    fn times_are_days_and_hours() {
        let millis = 1_800_000_000_000_i64;
        let detail = format!(r#"{{"expires_unix_millis":{millis},"group":null}}"#);
        let at = Clock::now().date_time(millis / 1000);
        let told = in_words(Lang::It, &detail);
        assert!(told.contains(&format!("valido fino al: {at}")), "{told}");
        assert!(!told.contains(&millis.to_string()), "{told}");
    }

    #[test]
    fn details_are_names_and_values_to_read() {
        let detail = r#"{"name":"bruno","groups":[1,2],"new_thing":true,"why":null}"#;
        let told = in_words(Lang::En, detail);
        let wanted = "groups: 1, 2  ·  name: bruno  ·  new thing: yes  ·  why: none";
        let in_order = |text: &str| {
            let mut parts: Vec<String> = text.split("  ·  ").map(str::to_owned).collect();
            parts.sort();
            parts
        };
        assert_eq!(in_order(&told), in_order(wanted));
        assert!(in_words(Lang::It, detail).contains("nome: bruno"));
        assert_eq!(in_words(Lang::En, "{}"), "");
    }

    #[test]
    fn what_a_host_calls_itself_cannot_turn_the_line_round() {
        let told = in_words(Lang::En, "{\"host\":\"a\\u202eb\\nc\"}");
        assert_eq!(told, "computer: a‹U+202E›b‹U+000A›c");
        assert_eq!(in_words(Lang::En, "no JSON\u{7}"), "no JSON‹U+0007›");
    }
}
