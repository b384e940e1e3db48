//! Answers to the administration's questions about settings.

use protocol::admin::settings::{Answer, MAX_LOGO_BYTES, Question, Setting};
use protocol::{Refusal, RefusalCode};
use session::authority::{Action, Object};

use super::{Administrator, Office};
use crate::catalogue::{Change, What};

pub(super) async fn answer(
    office: &Office,
    who: &Administrator,
    question: Question,
) -> Result<Answer, Refusal> {
    who.check(Action::Administer, Object::Hub)?;
    match question {
        Question::Read => {
            let settings = office.read(|catalogue| catalogue.settings());
            Ok(Answer::Settings(settings.await?))
        }
        Question::ReadEach => {
            let settings = office.read(|catalogue| catalogue.settings());
            Ok(Answer::Each(settings.await?.each().to_vec()))
        }
        Question::Change { settings } => {
            let is_fit = |setting: &Setting| setting.check().is_ok();
            if settings.len() > Setting::NAMES.len() || !settings.iter().all(is_fit) {
                return Err(RefusalCode::SETTING_OUT_OF_RANGE.into());
            }
            let changes = settings.into_iter().map(|setting| Change {
                actor: who.actor(),
                what: What::SettingChanged(setting),
            });
            office.change_all(changes.collect()).await?;
            Ok(Answer::Done)
        }
        Question::Logo => {
            let logo = office.read(|catalogue| catalogue.logo()).await?;
            Ok(Answer::Logo { png: logo.into() })
        }
        Question::SetLogo { png } => {
            if !is_logo(&png) {
                return Err(RefusalCode::LOGO_UNFIT.into());
            }
            let png = png.to_vec();
            office.change(who, What::LogoSet { png }).await?;
            Ok(Answer::Done)
        }
    }
}

/// Whether `png` is a PNG that is not too large, or empty: then there is none.
pub fn is_logo(png: &[u8]) -> bool {
    png.is_empty() || (png.starts_with(b"\x89PNG\r\n\x1a\n") && png.len() <= MAX_LOGO_BYTES)
}
