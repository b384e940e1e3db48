//! Events as the body of a row.
//!
//! | first byte | rest |
//! | --- | --- |
//! | 1 started | rights |
//! | 2 rights changed, of every operator | rights |
//! | 3 ended | by whom (1 byte) |
//! | 4 note | text |
//! | 5 interrupted, 6 resumed | side: 1 host, 2 operator and the name, 3 hub |
//! | 7 operator joined | name length (2 bytes, little endian), name, rights |
//! | 8 operator left | name |
//! | 9 driver | 0: nobody, 1: the name |
//! | 10 rights changed, of one operator | name length, name, rights |
//! | 11 marked | how long ago (4 bytes, little endian), name length, name, text |
//! | 12 watched | 0: no more, 1: from now on; the name |
//! | 13 monitors | of each: name length, name, width and height (4 bytes, little endian) |
//! | 14 files | to: 0 operator, 1 host; 1 begun, 2 done, 3 cancelled, 4 failed; how many (4 bytes), bytes (8 bytes), operator's name length and name, their name |
//! | 15 help desk | name |
//! | 16 withheld | 0: no more, 1: from now on |
//!
//! Rights are the bytes of their bits, lowest first, without zeros behind the last that is not; at
//! least one, at most four. Format 1 knows the first four, and rights below 8; format 2 the first ten.

use super::{RowError, decode_text, decode_with_name, encode_with_name, within};
use crate::entry::MAX_TEXT_BYTES;
use crate::event::{EndedBy, Event, Files, FilesStage, Monitor, Side};
use crate::recorder::RecordError;
use crate::rights::Rights;

// INVARIANT: the numbers below stand in files; they never change their meaning and are never used
// again.

const STARTED: u8 = 1;
const RIGHTS_CHANGED: u8 = 2;
const ENDED: u8 = 3;
const NOTE: u8 = 4;
const INTERRUPTED: u8 = 5;
const RESUMED: u8 = 6;
const OPERATOR_JOINED: u8 = 7;
const OPERATOR_LEFT: u8 = 8;
const DRIVER: u8 = 9;
const OPERATORS_RIGHTS_CHANGED: u8 = 10;
const MARKED: u8 = 11;
const WATCHED: u8 = 12;
const MONITORS: u8 = 13;
const FILES: u8 = 14;
const HELP_DESK: u8 = 15;
const WITHHELD: u8 = 16;

const SIDE_HOST: u8 = 1;
const SIDE_OPERATOR: u8 = 2;
const SIDE_HUB: u8 = 3;

const DRIVER_NOBODY: u8 = 0;
const DRIVER_NAMED: u8 = 1;

const WATCHED_NO_MORE: u8 = 0;
const WATCHED_FROM_NOW_ON: u8 = 1;

pub(super) fn encode(event: &Event) -> Result<Vec<u8>, RecordError> {
    Ok(match event {
        Event::Started { rights } => joined(&[STARTED], &rights_bytes(*rights)),
        Event::RightsChanged {
            operator: None,
            rights,
        } => joined(&[RIGHTS_CHANGED], &rights_bytes(*rights)),
        Event::RightsChanged {
            operator: Some(name),
            rights,
        } => encode_with_name(&[OPERATORS_RIGHTS_CHANGED], name, &rights_bytes(*rights))?,
        Event::Ended { by } => vec![ENDED, ended_by_number(*by)],
        Event::Note(text) => joined(&[NOTE], text_bytes(text)?),
        Event::Interrupted { side } => encode_side(INTERRUPTED, side)?,
        Event::Resumed { side } => encode_side(RESUMED, side)?,
        Event::OperatorJoined { name, rights } => {
            encode_with_name(&[OPERATOR_JOINED], name, &rights_bytes(*rights))?
        }
        Event::OperatorLeft { name } => joined(&[OPERATOR_LEFT], text_bytes(name)?),
        Event::Driver { name: None } => vec![DRIVER, DRIVER_NOBODY],
        Event::Driver { name: Some(name) } => joined(&[DRIVER, DRIVER_NAMED], text_bytes(name)?),
        Event::Marked {
            operator,
            text,
            ago_millis,
        } => {
            let head = joined(&[MARKED], &ago_millis.to_le_bytes());
            encode_with_name(&head, operator, text_bytes(text)?)?
        }
        Event::Watched { by, begins } => {
            let how = if *begins {
                WATCHED_FROM_NOW_ON
            } else {
                WATCHED_NO_MORE
            };
            joined(&[WATCHED, how], text_bytes(by)?)
        }
        Event::Files(files) => {
            let mut head = vec![
                FILES,
                u8::from(files.to_host),
                files_stage_number(files.stage),
            ];
            head.extend(files.files.to_le_bytes());
            head.extend(files.bytes.to_le_bytes());
            encode_with_name(&head, &files.operator, text_bytes(&files.name)?)?
        }
        Event::HelpDesk { name } => joined(&[HELP_DESK], text_bytes(name)?),
        Event::Monitors(shown) => {
            let mut body = vec![MONITORS];
            for monitor in shown {
                let size = [monitor.width, monitor.height].map(u32::to_le_bytes);
                body = encode_with_name(&body, &monitor.name, size.as_flattened())?;
            }
            within(&body, MAX_TEXT_BYTES)?;
            body
        }
        Event::Withheld { begins } => vec![WITHHELD, u8::from(*begins)],
    })
}

pub(super) fn decode(body: &[u8]) -> Result<Event, RowError> {
    let (&what, rest) = body.split_first().ok_or(RowError::Malformed)?;
    Ok(match what {
        STARTED => Event::Started {
            rights: decode_rights(rest)?,
        },
        RIGHTS_CHANGED => Event::RightsChanged {
            operator: None,
            rights: decode_rights(rest)?,
        },
        OPERATORS_RIGHTS_CHANGED => {
            let (name, rest) = decode_with_name(rest)?;
            Event::RightsChanged {
                operator: Some(name),
                rights: decode_rights(rest)?,
            }
        }
        ENDED => Event::Ended {
            by: decode_ended_by(rest)?,
        },
        NOTE => Event::Note(decode_text(rest)?),
        INTERRUPTED => Event::Interrupted {
            side: decode_side(rest)?,
        },
        RESUMED => Event::Resumed {
            side: decode_side(rest)?,
        },
        OPERATOR_JOINED => {
            let (name, rest) = decode_with_name(rest)?;
            Event::OperatorJoined {
                name,
                rights: decode_rights(rest)?,
            }
        }
        OPERATOR_LEFT => Event::OperatorLeft {
            name: decode_text(rest)?,
        },
        DRIVER => Event::Driver {
            name: match rest {
                [DRIVER_NOBODY] => None,
                [DRIVER_NAMED, name @ ..] => Some(decode_text(name)?),
                _ => return Err(RowError::Malformed),
            },
        },
        MARKED => {
            let (ago, rest) = rest.split_first_chunk().ok_or(RowError::Malformed)?;
            let (operator, text) = decode_with_name(rest)?;
            Event::Marked {
                operator,
                text: decode_text(text)?,
                ago_millis: u32::from_le_bytes(*ago),
            }
        }
        WATCHED => match rest {
            [how @ (WATCHED_NO_MORE | WATCHED_FROM_NOW_ON), by @ ..] => Event::Watched {
                by: decode_text(by)?,
                begins: *how == WATCHED_FROM_NOW_ON,
            },
            _ => return Err(RowError::Malformed),
        },
        MONITORS => Event::Monitors(decode_monitors(rest)?),
        FILES => Event::Files(decode_files(rest)?),
        HELP_DESK => Event::HelpDesk {
            name: decode_text(rest)?,
        },
        WITHHELD => match rest {
            [begins @ (0 | 1)] => Event::Withheld {
                begins: *begins == 1,
            },
            _ => return Err(RowError::Malformed),
        },
        _ => return Err(RowError::Malformed),
    })
}

fn decode_monitors(mut rest: &[u8]) -> Result<Vec<Monitor>, RowError> {
    if rest.len() >= MAX_TEXT_BYTES {
        return Err(RowError::TooLarge {
            bytes: rest.len(),
            limit: MAX_TEXT_BYTES,
        });
    }
    let mut shown = Vec::new();
    while !rest.is_empty() {
        let (name, after) = decode_with_name(rest)?;
        let (width, after) = after.split_first_chunk().ok_or(RowError::Malformed)?;
        let (height, after) = after.split_first_chunk().ok_or(RowError::Malformed)?;
        shown.push(Monitor {
            name,
            width: u32::from_le_bytes(*width),
            height: u32::from_le_bytes(*height),
        });
        rest = after;
    }
    Ok(shown)
}

const FILES_STAGES: [FilesStage; 4] = [
    FilesStage::Begun,
    FilesStage::Done,
    FilesStage::Cancelled,
    FilesStage::Failed,
];

fn files_stage_number(stage: FilesStage) -> u8 {
    match stage {
        FilesStage::Begun => 1,
        FilesStage::Done => 2,
        FilesStage::Cancelled => 3,
        FilesStage::Failed => 4,
    }
}

fn decode_files(rest: &[u8]) -> Result<Files, RowError> {
    let [to_host @ (0 | 1), stage, rest @ ..] = rest else {
        return Err(RowError::Malformed);
    };
    let mut stages = FILES_STAGES.into_iter();
    let stage = stages.find(|known| files_stage_number(*known) == *stage);
    let (files, rest) = rest.split_first_chunk().ok_or(RowError::Malformed)?;
    let (bytes, rest) = rest.split_first_chunk().ok_or(RowError::Malformed)?;
    let (operator, name) = decode_with_name(rest)?;
    Ok(Files {
        operator,
        to_host: *to_host == 1,
        name: decode_text(name)?,
        stage: stage.ok_or(RowError::Malformed)?,
        files: u32::from_le_bytes(*files),
        bytes: u64::from_le_bytes(*bytes),
    })
}

fn rights_bytes(rights: Rights) -> Vec<u8> {
    let mut bytes = rights.bits().to_le_bytes().to_vec();
    while bytes.len() > 1 && bytes.ends_with(&[0]) {
        bytes.pop();
    }
    bytes
}

fn decode_rights(bytes: &[u8]) -> Result<Rights, RowError> {
    let mut all = [0; 4];
    let known = all.get_mut(..bytes.len()).ok_or(RowError::Malformed)?;
    known.copy_from_slice(bytes);
    let rights = Rights::from_bits(u32::from_le_bytes(all));
    // there is one way to write each
    if rights_bytes(rights) == bytes {
        Ok(rights)
    } else {
        Err(RowError::Malformed)
    }
}

fn encode_side(what: u8, side: &Side) -> Result<Vec<u8>, RecordError> {
    Ok(match side {
        Side::Host => vec![what, SIDE_HOST],
        Side::Operator { name } => joined(&[what, SIDE_OPERATOR], text_bytes(name)?),
        Side::Hub => vec![what, SIDE_HUB],
    })
}

fn decode_side(bytes: &[u8]) -> Result<Side, RowError> {
    match bytes {
        [SIDE_HOST] => Ok(Side::Host),
        [SIDE_OPERATOR, name @ ..] => Ok(Side::Operator {
            name: decode_text(name)?,
        }),
        [SIDE_HUB] => Ok(Side::Hub),
        _ => Err(RowError::Malformed),
    }
}

const ENDINGS: [EndedBy; 9] = [
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

fn ended_by_number(by: EndedBy) -> u8 {
    match by {
        EndedBy::User => 1,
        EndedBy::Operator => 2,
        EndedBy::HostLost => 3,
        EndedBy::OperatorLost => 4,
        EndedBy::CannotRecord => 5,
        EndedBy::HubStopped => 6,
        EndedBy::Forged => 7,
        EndedBy::NoCapture => 8,
        EndedBy::Administrator => 9,
    }
}

fn decode_ended_by(bytes: &[u8]) -> Result<EndedBy, RowError> {
    let by = ENDINGS
        .into_iter()
        .find(|by| [ended_by_number(*by)] == bytes);
    by.ok_or(RowError::Malformed)
}

fn text_bytes(text: &str) -> Result<&[u8], RecordError> {
    within(text.as_bytes(), MAX_TEXT_BYTES)?;
    Ok(text.as_bytes())
}

fn joined(head: &[u8], rest: &[u8]) -> Vec<u8> {
    [head, rest].concat()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(in super::super) fn any_event() -> impl Strategy<Value = Event> {
        let rights = || any::<u32>().prop_map(Rights::from_bits);
        let name = any::<String>;
        let side = || {
            prop_oneof![
                Just(Side::Host),
                name().prop_map(|name| Side::Operator { name }),
                Just(Side::Hub),
            ]
        };
        prop_oneof![
            rights().prop_map(|rights| Event::Started { rights }),
            (any::<Option<String>>(), rights())
                .prop_map(|(operator, rights)| Event::RightsChanged { operator, rights }),
            prop::sample::select(&ENDINGS[..]).prop_map(|by| Event::Ended { by }),
            name().prop_map(Event::Note),
            side().prop_map(|side| Event::Interrupted { side }),
            side().prop_map(|side| Event::Resumed { side }),
            (name(), rights()).prop_map(|(name, rights)| Event::OperatorJoined { name, rights }),
            name().prop_map(|name| Event::OperatorLeft { name }),
            name().prop_map(|name| Event::HelpDesk { name }),
            any::<bool>().prop_map(|begins| Event::Withheld { begins }),
            any::<Option<String>>().prop_map(|name| Event::Driver { name }),
            (name(), name(), any::<u32>()).prop_map(|(operator, text, ago_millis)| {
                Event::Marked {
                    operator,
                    text,
                    ago_millis,
                }
            }),
            (name(), any::<bool>()).prop_map(|(by, begins)| Event::Watched { by, begins }),
            (
                name(),
                name(),
                any::<(bool, u32, u64)>(),
                prop::sample::select(&FILES_STAGES[..])
            )
                .prop_map(|(operator, name, (to_host, files, bytes), stage)| {
                    Event::Files(Files {
                        operator,
                        to_host,
                        name,
                        stage,
                        files,
                        bytes,
                    })
                }),
            prop::collection::vec((name(), any::<u32>(), any::<u32>()), 0..16).prop_map(|shown| {
                let monitor = |(name, width, height)| Monitor {
                    name,
                    width,
                    height,
                };
                Event::Monitors(shown.into_iter().map(monitor).collect())
            }),
        ]
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_event_or_an_error_and_encode_to_themselves(
            what in 0_u8..18,
            rest in prop::collection::vec(prop_oneof![0_u8..5, any::<u8>()], 0..12),
        ) {
            let body = joined(&[what], &rest);
            if let Ok(event) = decode(&body) {
                prop_assert_eq!(encode(&event).expect("it was within the limits"), body);
            }
        }
    }

    #[test]
    fn the_numbers_in_the_file_stay_as_they_are() {
        let name = || "Al".to_owned();
        let rights = Rights::SEE | Rights::FILES;
        let bodies: [(Event, &[u8]); 25] = [
            (Event::Started { rights }, &[1, 5]),
            (
                Event::RightsChanged {
                    operator: None,
                    rights: Rights::NONE,
                },
                &[2, 0],
            ),
            (
                Event::RightsChanged {
                    operator: Some(name()),
                    rights: Rights::from_bits(0x0001_0008),
                },
                &[10, 2, 0, b'A', b'l', 8, 0, 1],
            ),
            (Event::Ended { by: EndedBy::User }, &[3, 1]),
            (
                Event::Ended {
                    by: EndedBy::HubStopped,
                },
                &[3, 6],
            ),
            (
                Event::Ended {
                    by: EndedBy::Forged,
                },
                &[3, 7],
            ),
            (
                Event::Ended {
                    by: EndedBy::NoCapture,
                },
                &[3, 8],
            ),
            (
                Event::Ended {
                    by: EndedBy::Administrator,
                },
                &[3, 9],
            ),
            (Event::Note(name()), &[4, b'A', b'l']),
            (
                Event::Marked {
                    operator: name(),
                    text: "x".to_owned(),
                    ago_millis: 258,
                },
                &[11, 2, 1, 0, 0, 2, 0, b'A', b'l', b'x'],
            ),
            (
                Event::Watched {
                    by: name(),
                    begins: true,
                },
                &[12, 1, b'A', b'l'],
            ),
            (
                Event::Monitors(vec![Monitor {
                    name: name(),
                    width: 1,
                    height: 258,
                }]),
                &[13, 2, 0, b'A', b'l', 1, 0, 0, 0, 2, 1, 0, 0],
            ),
            (
                Event::Files(Files {
                    operator: name(),
                    to_host: true,
                    name: "x".to_owned(),
                    stage: FilesStage::Done,
                    files: 258,
                    bytes: 3,
                }),
                &[
                    14, 1, 2, 2, 1, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, b'A', b'l', b'x',
                ],
            ),
            (Event::HelpDesk { name: name() }, &[15, b'A', b'l']),
            (Event::Withheld { begins: true }, &[16, 1]),
            (Event::Withheld { begins: false }, &[16, 0]),
            (Event::Interrupted { side: Side::Host }, &[5, 1]),
            (
                Event::Interrupted {
                    side: Side::Operator { name: name() },
                },
                &[5, 2, b'A', b'l'],
            ),
            (Event::Interrupted { side: Side::Hub }, &[5, 3]),
            (Event::Resumed { side: Side::Host }, &[6, 1]),
            (
                Event::OperatorJoined {
                    name: name(),
                    rights,
                },
                &[7, 2, 0, b'A', b'l', 5],
            ),
            (Event::OperatorLeft { name: name() }, &[8, b'A', b'l']),
            (Event::Driver { name: None }, &[9, 0]),
            (Event::Driver { name: Some(name()) }, &[9, 1, b'A', b'l']),
            (
                Event::Driver {
                    name: Some(String::new()),
                },
                &[9, 1],
            ),
        ];
        for (event, body) in bodies {
            assert_eq!(encode(&event).expect("small"), body, "{event}");
            assert_eq!(decode(body), Ok(event));
        }
        for body in [
            &[][..],
            &[0],
            &[3, 0],
            &[3, 10],
            &[11],
            &[1],
            &[1, 1, 0],
            &[16],
            &[16, 2],
            &[16, 1, 0],
        ] {
            assert_eq!(decode(body), Err(RowError::Malformed), "{body:?}");
        }
    }

    #[test]
    fn a_name_that_exceeds_the_limit_is_not_recorded() {
        let long = "x".repeat(MAX_TEXT_BYTES + 1);
        let rights = Rights::SEE;
        for event in [
            Event::Note(long.clone()),
            Event::Interrupted {
                side: Side::Operator { name: long.clone() },
            },
            Event::OperatorJoined {
                name: long.clone(),
                rights,
            },
            Event::OperatorLeft { name: long.clone() },
            Event::Driver {
                name: Some(long.clone()),
            },
            Event::RightsChanged {
                operator: Some(long.clone()),
                rights,
            },
        ] {
            let error = encode(&event).expect_err("too large");
            assert!(matches!(error, RecordError::TooLarge { .. }), "{error}");
        }
    }
}
