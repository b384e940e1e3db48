//! What of macOS is asked for, without objects of its own.
#![expect(unsafe_code, reason = "macOS' own functions are foreign ones")]

use std::sync::Weak;

use objc2::rc::{Retained, autoreleasepool};
use objc2::runtime::{NSObjectProtocol, ProtocolObject};
use objc2::{AllocAnyThread as _, DefinedClass as _, define_class, msg_send};
use objc2_app_kit::{
    NSBitmapImageFileType, NSBitmapImageRep, NSPasteboard, NSPasteboardItem,
    NSPasteboardItemDataProvider, NSPasteboardType, NSPasteboardTypeHTML, NSPasteboardTypePNG,
    NSPasteboardTypeString, NSPasteboardTypeTIFF, NSPasteboardWriting,
};
use objc2_foundation::{NSArray, NSData, NSDictionary, NSObject, NSString};
use protocol::clipboard::{ClipboardFault, ClipboardKind, ClipboardKinds};

use super::Giving;

/// A program of ours holds this.
const MARK: &str = "org.pure-help-desk.held";
/// Managers of the clipboard leave out what has this: they would paste everything at once (nspasteboard.org).
const UNWATCHED: &str = "org.nspasteboard.TransientType";

/// What is promised to those that paste.
pub(super) struct Promised {
    pub(super) kinds: ClipboardKinds,
    /// Who gives it; nobody once it is let go.
    pub(super) giving: Weak<Giving>,
}

define_class!(
    // SAFETY: NSObject wants nothing of its subclasses, and this one has no destructor.
    #[unsafe(super(NSObject))]
    #[name = "PureHelpDeskPasteboardGiver"]
    #[ivars = Promised]
    struct Giver;

    // SAFETY: it adds nothing.
    unsafe impl NSObjectProtocol for Giver {}

    // SAFETY: the method is the protocol's.
    unsafe impl NSPasteboardItemDataProvider for Giver {
        #[unsafe(method(pasteboard:item:provideDataForType:))]
        fn provide(
            &self,
            _board: Option<&NSPasteboard>,
            item: &NSPasteboardItem,
            wanted: &NSPasteboardType,
        ) {
            let is_wanted = |kind: &ClipboardKind| type_of(*kind) == wanted;
            let kind = ClipboardKind::ALL.into_iter().find(is_wanted);
            let giving = self.ivars().giving.upgrade();
            let contents = kind
                .zip(giving)
                .and_then(|(kind, giving)| giving.contents(kind));
            if let Some(contents) = contents {
                item.setData_forType(&NSData::with_bytes(&contents), wanted);
            }
        }
    }
);

impl Giver {
    fn new(promised: Promised) -> Retained<Self> {
        let this = Self::alloc().set_ivars(promised);
        // SAFETY: it is NSObject's own.
        unsafe { msg_send![super(this), init] }
    }
}

fn type_of(kind: ClipboardKind) -> &'static NSPasteboardType {
    match kind {
        // SAFETY: constant texts of AppKit.
        ClipboardKind::Text => unsafe { NSPasteboardTypeString },
        // SAFETY: the same.
        ClipboardKind::Html => unsafe { NSPasteboardTypeHTML },
        // SAFETY: the same.
        ClipboardKind::Png => unsafe { NSPasteboardTypePNG },
    }
}

/// What many programs copy pictures as.
fn tiff() -> &'static NSPasteboardType {
    // SAFETY: a constant text of AppKit.
    unsafe { NSPasteboardTypeTIFF }
}

/// The clipboard that people copy to, for the thread that asked for it.
pub(super) struct Board(Retained<NSPasteboard>);

impl Board {
    pub(super) fn general() -> Self {
        Self(NSPasteboard::generalPasteboard())
    }

    /// Grows with each change.
    pub(super) fn change(&self) -> isize {
        self.0.changeCount()
    }

    /// Whether a program of ours holds what is there.
    pub(super) fn is_ours(&self) -> bool {
        self.has(&NSString::from_str(MARK))
    }

    /// What can be had of a copy.
    pub(super) fn kinds(&self) -> ClipboardKinds {
        let has = |kind: &ClipboardKind| {
            self.has(type_of(*kind)) || *kind == ClipboardKind::Png && self.has(tiff())
        };
        let all = ClipboardKind::ALL.into_iter().filter(has);
        all.fold(ClipboardKinds::default(), ClipboardKinds::with)
    }

    fn has(&self, kind: &NSPasteboardType) -> bool {
        let types = NSArray::from_slice(&[kind]);
        self.0.availableTypeFromArray(&types).is_some()
    }

    /// What another program copied. Blocks until it hands it over.
    ///
    /// # Errors
    ///
    /// That it hands nothing over, or more than anybody takes.
    pub(super) fn read(&self, kind: ClipboardKind) -> Result<Vec<u8>, ClipboardFault> {
        autoreleasepool(|_pool| {
            let data = self.0.dataForType(type_of(kind));
            let data = match (data, kind) {
                (None, ClipboardKind::Png) => self.png_of_tiff(),
                (data, _) => data,
            };
            let data = data.ok_or(ClipboardFault::NO_ANSWER)?;
            if data.len() > kind.max_bytes() {
                return Err(ClipboardFault::TOO_LARGE);
            }
            Ok(data.to_vec())
        })
    }

    fn png_of_tiff(&self) -> Option<Retained<NSData>> {
        let data = self.0.dataForType(tiff())?;
        let picture = NSBitmapImageRep::imageRepWithData(&data)?;
        let nothing = NSDictionary::new();
        // SAFETY: no property is asked for, so none is of a wrong kind.
        unsafe { picture.representationUsingType_properties(NSBitmapImageFileType::PNG, &nothing) }
    }

    /// Promises it to those that paste; gives the count of changes then, or nothing where it cannot be had.
    pub(super) fn promise(&self, promised: Promised) -> Option<isize> {
        autoreleasepool(|_pool| {
            let kinds = ClipboardKind::ALL.into_iter();
            let kinds = kinds.filter(|kind| promised.kinds.has(*kind));
            let types: Vec<&NSPasteboardType> = kinds.map(type_of).collect();
            let types = NSArray::from_slice(&types);
            let item = NSPasteboardItem::new();
            for mark in [MARK, UNWATCHED] {
                let is_so = NSData::with_bytes(&[1]);
                item.setData_forType(&is_so, &NSString::from_str(mark));
            }
            let giver = Giver::new(promised);
            let is_promised =
                item.setDataProvider_forTypes(ProtocolObject::from_ref(&*giver), &types);
            let item: Retained<ProtocolObject<dyn NSPasteboardWriting>> =
                ProtocolObject::from_retained(item);
            self.0.clearContents();
            let is_there =
                is_promised && self.0.writeObjects(&NSArray::from_retained_slice(&[item]));
            is_there.then(|| self.change())
        })
    }

    pub(super) fn clear(&self) {
        self.0.clearContents();
    }
}
