//! The driver over the simulated probe, below the runner.

use stimrig::driver::probe::{Link, Probe};
use stimrig::instrument::{Clock, DebugProbe, Image, InstrumentFault, OutputState};
use stimrig::rig::{SimBench, builtin_phantom, read_phantom};
use stimrig::sim::{self, probe as target};
use stimrig::source::Source;

fn image(chip: &str, base: u32) -> Image {
    Image { name: "fw.elf".to_owned(), bytes: target::elf(chip, base) }
}

fn ours() -> Image {
    image(target::CHIP, target::FLASH_START)
}

/// A bench at rest and a driver on its core.
fn bench() -> (sim::VirtualClock, Probe) {
    let (path, text) = builtin_phantom("r1k").unwrap();
    let phantom = read_phantom(&Source::new(path, text)).unwrap();
    let bench = sim::open(&SimBench::default(), &phantom, 1).unwrap();
    let link =
        Link::Given { probe: Box::new(bench.probe), uid: target::SERIAL.to_owned(), chip: target::CHIP_YAML };
    (bench.clock, Probe::new(link, target::CHIP, Some(ours())))
}

fn on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The image as Intel HEX, as a linker's objcopy writes it.
fn hex(base: u32, bytes: &[u8]) -> Vec<u8> {
    let mut text = String::new();
    let mut record = |kind: u8, at: u16, data: &[u8]| {
        let head = [data.len() as u8, (at >> 8) as u8, at as u8, kind];
        let all: Vec<u8> = head.iter().chain(data).copied().collect();
        let sum = all.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)).wrapping_neg();
        let digits: String = all.iter().chain([&sum]).map(|byte| format!("{byte:02X}")).collect();
        text.push_str(&format!(":{digits}\n"));
    };
    record(4, 0, &((base >> 16) as u16).to_be_bytes());
    for (index, chunk) in bytes.chunks(16).enumerate() {
        record(0, (base as u16).wrapping_add(16 * index as u16), chunk);
    }
    record(1, 0, &[]);
    text.into_bytes()
}

#[test]
fn a_core_is_stopped_only_where_the_output_is_off_or_a_scenario_says_so() {
    on(async {
        let (_clock, mut probe) = bench();
        let refused = probe.identify(OutputState::Enabled).await.unwrap_err();
        assert!(refused.to_string().contains("output may be enabled"), "{refused}");
        probe.identify(OutputState::Off).await.unwrap();
        let all = [
            probe.halt(OutputState::Enabled).await.unwrap_err(),
            probe.reset(OutputState::Enabled).await.unwrap_err(),
            probe.flash(&ours(), OutputState::Enabled).await.unwrap_err(),
        ];
        for error in all {
            assert!(matches!(error.fault, InstrumentFault::Refused(_)), "{error}");
            assert!(error.next.contains("core-halt"), "{error}");
        }
        probe.halt(OutputState::Injected).await.unwrap();
        probe.resume().await.unwrap();
        // Resuming what runs, and halting what is halted, is no error.
        probe.resume().await.unwrap();
        probe.halt(OutputState::Off).await.unwrap();
        probe.halt(OutputState::Off).await.unwrap();
    });
}

#[test]
fn memory_is_read_and_written_while_the_core_runs() {
    on(async {
        let (_clock, mut probe) = bench();
        probe.identify(OutputState::Off).await.unwrap();
        let (cap, size) = probe.symbol("cap_ua").await.unwrap();
        assert_eq!(size, 4);
        assert_eq!(probe.read(cap, 4).await.unwrap(), 12_700_u32.to_le_bytes());
        let (inverse, _) = probe.symbol("cap_ua_inverse").await.unwrap();
        assert_eq!(probe.read(inverse, 4).await.unwrap(), (!12_700_u32).to_le_bytes());
        probe.write(cap, &25_000_u32.to_le_bytes()).await.unwrap();
        assert_eq!(probe.read(cap, 4).await.unwrap(), 25_000_u32.to_le_bytes());
        // Odd addresses and lengths, in RAM that is nobody's.
        probe.write(0x2000_4001, b"unaligned").await.unwrap();
        assert_eq!(probe.read(0x2000_4001, 9).await.unwrap(), b"unaligned");
        let nowhere = probe.read(0x4000_0000, 4).await.unwrap_err();
        assert!(nowhere.to_string().contains("FAULT response"), "{nowhere}");
        // One fault does not end the conversation.
        assert_eq!(probe.read(cap, 4).await.unwrap(), 25_000_u32.to_le_bytes());
    });
}

#[test]
fn an_image_is_flashed_verified_and_read_back() {
    on(async {
        let (mut clock, mut probe) = bench();
        let before = probe.identify(OutputState::Off).await.unwrap();
        let same = probe.verify(&ours()).await.unwrap();
        assert_eq!((Some(&same.image), same.image == same.read_back), (before.firmware.as_ref(), true));
        // The same bytes as HEX give the same hash.
        let mut text = vec![0; same.bytes as usize];
        text.copy_from_slice(&probe.read(target::FLASH_START.into(), same.bytes as usize).await.unwrap());
        let as_hex = Image { name: "fw.hex".to_owned(), bytes: hex(target::FLASH_START, &text) };
        assert_eq!(probe.verify(&as_hex).await.unwrap().image, same.image);
        // Another firmware: one word differs.
        text[0x800] ^= 0x55;
        let other = Image { name: "fw.hex".to_owned(), bytes: hex(target::FLASH_START, &text) };
        let differs = probe.verify(&other).await.unwrap_err();
        assert!(differs.to_string().contains("verification failed"), "{differs}");
        let flashed = probe.flash(&other, OutputState::Off).await.unwrap();
        assert!(flashed.image == flashed.read_back && flashed.image != same.image);
        assert_eq!(probe.read(u64::from(target::FLASH_START) + 0x800, 1).await.unwrap(), [text[0x800]]);
        // It was started, and says so in its log.
        clock.sleep(1_000_000).await;
        probe.flash(&ours(), OutputState::Off).await.unwrap();
        assert_eq!(probe.log().await.unwrap().last().map(String::as_str), Some("boot"));
    });
}

#[test]
fn an_image_of_another_board_is_refused_before_anything_is_erased() {
    let wrong = [
        (image("SIM-M7", target::FLASH_START), "an image for SIM-M7"),
        (image(target::CHIP, 0x1000_0000), "No flash memory contains"),
        (Image { name: "a.txt".to_owned(), bytes: b"hello".to_vec() }, "neither an ELF nor an Intel HEX"),
        (Image { name: "a.elf".to_owned(), bytes: b"\x7fELFshort".to_vec() }, "no 32-bit ELF"),
        (Image { name: "a.hex".to_owned(), bytes: b":00000001FE\n".to_vec() }, "IHEX"),
    ];
    on(async {
        let (_clock, mut probe) = bench();
        probe.identify(OutputState::Off).await.unwrap();
        for (image, what) in wrong {
            let error = probe.flash(&image, OutputState::Off).await.unwrap_err();
            assert!(error.to_string().contains(what) && !error.to_string().contains('\n'), "{what}: {error}");
        }
        assert!(probe.verify(&ours()).await.is_ok());
    });
}

#[test]
fn what_is_left_while_the_output_may_be_enabled_is_left_untouched() {
    on(async {
        let (_clock, mut probe) = bench();
        probe.identify(OutputState::Off).await.unwrap();
        probe.release(OutputState::Enabled).await;
        let gone = probe.resume().await.unwrap_err();
        assert_eq!(gone.fault, InstrumentFault::Disconnected);
    });
}
