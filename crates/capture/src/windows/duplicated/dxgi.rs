//! What of Direct3D and DXGI is asked for, without pointers: one output of a graphics card, which tells what was drawn
//! anew on it.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::mem::size_of;
use std::slice;

use windows::Win32::Foundation::{HMODULE, RECT};
use windows::Win32::Graphics::Direct3D::D3D_DRIVER_TYPE_UNKNOWN;
use windows::Win32::Graphics::Direct3D11::{
    D3D11_BOX, D3D11_CPU_ACCESS_READ, D3D11_CREATE_DEVICE_FLAG, D3D11_MAP_READ,
    D3D11_MAPPED_SUBRESOURCE, D3D11_SDK_VERSION, D3D11_TEXTURE2D_DESC, D3D11_USAGE_STAGING,
    D3D11CreateDevice, ID3D11Device, ID3D11DeviceContext, ID3D11Texture2D,
};
use windows::Win32::Graphics::Dxgi::Common::{
    DXGI_FORMAT_B8G8R8A8_UNORM, DXGI_MODE_ROTATION_IDENTITY, DXGI_MODE_ROTATION_UNSPECIFIED,
    DXGI_SAMPLE_DESC,
};
use windows::Win32::Graphics::Dxgi::{
    CreateDXGIFactory1, DXGI_ERROR_WAIT_TIMEOUT, DXGI_OUTDUPL_FRAME_INFO, DXGI_OUTDUPL_MOVE_RECT,
    IDXGIAdapter, IDXGIAdapter1, IDXGIFactory1, IDXGIOutput, IDXGIOutput1, IDXGIOutputDuplication,
    IDXGIResource,
};
use windows::core::{Error, Interface as _, Result};

use super::changes::{FrameChanges, Move, Span};

/// The pixels of one output, as the graphics card has them.
pub(super) struct Duplication {
    duplication: IDXGIOutputDuplication,
    context: ID3D11DeviceContext,
    /// As large as the output, for this process to read.
    staging: ID3D11Texture2D,
    width: u32,
    height: u32,
    /// Nothing was read yet.
    is_first: bool,
}

/// What [`Duplication::next`] found.
pub(super) enum Next {
    /// Nothing happened.
    Nothing,
    /// The pointer has moved, or looks otherwise.
    Pointer,
    /// Something was drawn.
    Drawn(Frame),
}

/// What was drawn; the card keeps it until it is given back.
pub(super) struct Frame {
    texture: ID3D11Texture2D,
    /// How much the card has to say about where something is new.
    places_bytes: u32,
}

impl Duplication {
    /// Begins to duplicate the output of that name, like `\\.\DISPLAY1`, of that size.
    ///
    /// # Errors
    ///
    /// That there is no such output, that it is turned, or that its card, another program or a question of Windows
    /// itself stands against it.
    pub(super) fn start(name: &str, width: u32, height: u32) -> Result<Self> {
        let (adapter, output) = find(name)?;
        let (device, context) = device_of(&adapter)?;
        let output: IDXGIOutput1 = output.cast()?;
        // SAFETY: the device is of the card that has the output.
        let duplication = unsafe { output.DuplicateOutput(&device)? };
        // SAFETY: it takes nothing.
        let told = unsafe { duplication.GetDesc() };
        let is_upright =
            [DXGI_MODE_ROTATION_IDENTITY, DXGI_MODE_ROTATION_UNSPECIFIED].contains(&told.Rotation);
        let is_so_large = (told.ModeDesc.Width, told.ModeDesc.Height) == (width, height);
        if !is_upright || !is_so_large {
            return Err(Error::empty());
        }
        let staging = staging(&device, width, height)?;
        Ok(Self {
            duplication,
            context,
            staging,
            width,
            height,
            is_first: true,
        })
    }

    /// Waits so long for something to happen.
    ///
    /// # Errors
    ///
    /// That the output is no longer to be had: it has another size, another desktop is shown.
    pub(super) fn next(&mut self, millis: u32) -> Result<Next> {
        let mut info = DXGI_OUTDUPL_FRAME_INFO::default();
        let mut resource: Option<IDXGIResource> = None;
        // SAFETY: both are written there.
        let came = unsafe {
            self.duplication
                .AcquireNextFrame(millis, &raw mut info, &raw mut resource)
        };
        match came {
            Ok(()) => {}
            Err(error) if error.code() == DXGI_ERROR_WAIT_TIMEOUT => return Ok(Next::Nothing),
            Err(error) => return Err(error),
        }
        let drawn = (info.LastPresentTime != 0).then_some(resource).flatten();
        let Some(resource) = drawn else {
            self.give_back()?;
            return Ok(Next::Pointer);
        };
        Ok(Next::Drawn(Frame {
            texture: resource.cast()?,
            places_bytes: info.TotalMetadataBufferSize,
        }))
    }

    /// Brings `pixels`, row by row as large as the output, to what `frame` has, and gives it back; tells where
    /// something is new.
    ///
    /// # Errors
    ///
    /// As [`Self::next`].
    pub(super) fn read(&mut self, frame: &Frame, pixels: &mut [u32]) -> Result<FrameChanges> {
        let changes = if std::mem::take(&mut self.is_first) || frame.places_bytes == 0 {
            FrameChanges::whole(self.width, self.height)
        } else {
            let (moves, drawn) = (
                self.moves(frame.places_bytes)?,
                self.drawn(frame.places_bytes)?,
            );
            FrameChanges::checked(moves, drawn, self.width, self.height)
        };
        changes.move_pixels(pixels, self.width);
        if !changes.drawn.is_empty() {
            for span in &changes.drawn {
                self.copy(&frame.texture, *span);
            }
            self.map(|rows, pitch| changes.take_drawn(pixels, self.width, rows, pitch))?;
        }
        self.give_back()?;
        Ok(changes)
    }

    fn give_back(&self) -> Result<()> {
        // SAFETY: one was got before.
        unsafe { self.duplication.ReleaseFrame() }
    }

    fn moves(&self, room: u32) -> Result<Vec<Move>> {
        let moves = places(room, |bytes, to: *mut DXGI_OUTDUPL_MOVE_RECT, needed| {
            // SAFETY: there is so much room, and what is needed is written there.
            unsafe { self.duplication.GetFrameMoveRects(bytes, to, needed) }
        })?;
        let told = moves.into_iter().map(|told| Move {
            from: (told.SourcePoint.x, told.SourcePoint.y),
            to: sides(told.DestinationRect),
        });
        Ok(told.collect())
    }

    fn drawn(&self, room: u32) -> Result<Vec<[i32; 4]>> {
        let drawn = places(room, |bytes, to: *mut RECT, needed| {
            // SAFETY: there is so much room, and what is needed is written there.
            unsafe { self.duplication.GetFrameDirtyRects(bytes, to, needed) }
        })?;
        Ok(drawn.into_iter().map(sides).collect())
    }

    /// On the card, to where this process can read it.
    fn copy(&self, from: &ID3D11Texture2D, span: Span) {
        let place = D3D11_BOX {
            left: span.left,
            top: span.top,
            front: 0,
            right: span.right,
            bottom: span.bottom,
            back: 1,
        };
        // SAFETY: both textures are of this size and format, and the place lies inside of them.
        unsafe {
            self.context.CopySubresourceRegion(
                &self.staging,
                0,
                span.left,
                span.top,
                0,
                from,
                0,
                Some(&raw const place),
            );
        }
    }

    /// Hands over what was copied: all rows, each of which begins so many pixels after the one before.
    fn map(&self, read: impl FnOnce(&[u32], usize)) -> Result<()> {
        let mut mapped = D3D11_MAPPED_SUBRESOURCE::default();
        // SAFETY: the texture was made to be read, and where it is is written there; this waits for the card.
        unsafe {
            self.context
                .Map(&self.staging, 0, D3D11_MAP_READ, 0, Some(&raw mut mapped))?;
        }
        let pitch = mapped.RowPitch as usize / size_of::<u32>();
        // the last row ends with its pixels
        let count = pitch * (self.height as usize - 1) + self.width as usize;
        // SAFETY: so many rows of so many bytes are there, aligned for pixels of 32 bits, until it is unmapped.
        let rows = unsafe { slice::from_raw_parts(mapped.pData.cast::<u32>().cast_const(), count) };
        read(rows, pitch);
        // SAFETY: it was mapped above, and nobody reads it any more.
        unsafe { self.context.Unmap(&self.staging, 0) };
        Ok(())
    }
}

/// A list of at most so many bytes, which `ask` writes and says the length of.
fn places<T: Default + Clone>(
    most_bytes: u32,
    ask: impl Fn(u32, *mut T, *mut u32) -> Result<()>,
) -> Result<Vec<T>> {
    let size = size_of::<T>();
    let mut list = vec![T::default(); (most_bytes as usize).div_ceil(size)];
    let room = u32::try_from(list.len() * size).map_err(|_many| Error::empty())?;
    let mut written = 0;
    ask(room, list.as_mut_ptr(), &raw mut written)?;
    list.truncate(written as usize / size);
    Ok(list)
}

fn sides(rect: RECT) -> [i32; 4] {
    [rect.left, rect.top, rect.right, rect.bottom]
}

/// The card with the output of that name, and the output.
fn find(name: &str) -> Result<(IDXGIAdapter1, IDXGIOutput)> {
    // SAFETY: it takes nothing.
    let factory: IDXGIFactory1 = unsafe { CreateDXGIFactory1()? };
    let mut adapters = 0..;
    // the last one is followed by an error
    // SAFETY: it takes any number.
    while let Some(adapter) = adapters
        .next()
        .and_then(|number| unsafe { factory.EnumAdapters1(number) }.ok())
    {
        let mut outputs = 0..;
        // SAFETY: it takes any number.
        while let Some(output) = outputs
            .next()
            .and_then(|number| unsafe { adapter.EnumOutputs(number) }.ok())
        {
            // SAFETY: it takes nothing.
            let told = unsafe { output.GetDesc()? };
            let units = told.DeviceName.split(|unit| *unit == 0).next();
            if String::from_utf16_lossy(units.unwrap_or_default()) == name {
                return Ok((adapter, output));
            }
        }
    }
    Err(Error::empty())
}

fn device_of(adapter: &IDXGIAdapter1) -> Result<(ID3D11Device, ID3D11DeviceContext)> {
    let adapter: IDXGIAdapter = adapter.cast()?;
    let (mut device, mut context) = (None, None);
    // SAFETY: both are written there; with a card of one's own the type must be unknown.
    unsafe {
        D3D11CreateDevice(
            &adapter,
            D3D_DRIVER_TYPE_UNKNOWN,
            HMODULE::default(),
            D3D11_CREATE_DEVICE_FLAG::default(),
            None,
            D3D11_SDK_VERSION,
            Some(&raw mut device),
            None,
            Some(&raw mut context),
        )?;
    }
    device.zip(context).ok_or_else(Error::empty)
}

fn staging(device: &ID3D11Device, width: u32, height: u32) -> Result<ID3D11Texture2D> {
    let wanted = D3D11_TEXTURE2D_DESC {
        Width: width,
        Height: height,
        MipLevels: 1,
        ArraySize: 1,
        // what a duplicate always has
        Format: DXGI_FORMAT_B8G8R8A8_UNORM,
        SampleDesc: DXGI_SAMPLE_DESC {
            Count: 1,
            Quality: 0,
        },
        Usage: D3D11_USAGE_STAGING,
        CPUAccessFlags: D3D11_CPU_ACCESS_READ.0.cast_unsigned(),
        ..D3D11_TEXTURE2D_DESC::default()
    };
    let mut texture = None;
    // SAFETY: what is wanted lives until it returns, and the texture is written there.
    unsafe { device.CreateTexture2D(&raw const wanted, None, Some(&raw mut texture))? };
    texture.ok_or_else(Error::empty)
}
