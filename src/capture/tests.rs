use super::{CaptureFault as Fault, Dialect, read};

fn fault(text: &str) -> (Fault, Option<u64>, Option<u64>) {
    let error = read("a.csv", text.as_bytes()).unwrap_err();
    (error.fault, error.line, error.column)
}

#[test]
fn tektronix_units_come_from_its_header() {
    let bytes = std::fs::read("fixtures/captures/TEK00001.CSV").unwrap();
    let capture = read("TEK00001.CSV", &bytes).unwrap();
    assert_eq!(capture.dialect, Dialect::Tektronix);
    assert_eq!(capture.samples(), 2000);
    assert!(capture.time.is_uniform());
    assert!((capture.time.dt - 8e-7).abs() < 1e-15 && (capture.time.t0 + 8e-4).abs() < 1e-12);
    let names: Vec<_> =
        capture.traces.iter().map(|trace| (trace.name.as_str(), trace.unit.as_str())).collect();
    assert_eq!(names, [("CH1", "V"), ("CH2", "A")]);
    assert!((capture.traces[1].step - 1.5625e-5).abs() < 1e-6, "{}", capture.traces[1].step);
    assert_eq!(capture.traces[0].values[2], -0.005);
}

#[test]
fn rigol_in_all_its_forms() {
    for text in [
        "X,CH1,CH2,Start,Increment,\nSequence,Volt,Volt,-6e-02,2e-05\n0,1.0,-1.0,\n1,2.0,-2.0,\n2,3.0,-3.0,\n",
        "Time(s),CH1V,CH2V\n-6e-02,1.0,-1.0\n-5.998e-02,2.0,-2.0\n-5.996e-02,3.0,-3.0\n",
        "CH1V,CH2V,t0 = -6e-02, tInc = 2e-05,\n1.0,-1.0,,\n2.0,-2.0,,\n3.0,-3.0,,\n",
        "X,CH1,CH2,\nSecond,Volt,Volt,\n-6e-02,1.0,-1.0,\n-5.998e-02,2.0,-2.0,\n-5.996e-02,3.0,-3.0,\n",
        "Time,X(CH1),X(CH2)\nSecond,Volt,Volt\n-6e-02,1.0,-1.0\n-5.998e-02,2.0,-2.0\n-5.996e-02,3.0,-3.0\n",
    ] {
        let capture = read("r.csv", text.as_bytes()).unwrap();
        assert_eq!(capture.dialect, Dialect::Rigol, "{text}");
        assert!((capture.time.t0 + 6e-2).abs() < 1e-9 && (capture.time.dt - 2e-5).abs() < 1e-9, "{text}");
        let traces: Vec<_> =
            capture.traces.iter().map(|t| (&t.name[..], &t.unit[..], t.values.clone())).collect();
        assert_eq!(
            traces,
            [("CH1", "V", vec![1.0, 2.0, 3.0]), ("CH2", "V", vec![-1.0, -2.0, -3.0])],
            "{text}"
        );
    }
}

#[test]
fn picoscope_writes_names_above_units_in_brackets() {
    let text = "Zeit;Kanal A;Kanal B\n(ms);(V);(mV)\n\n-5,000;1,0;-250,0\n-4,998;2,0;-500,0\n-4,996;3,0;∞\n";
    let whole = text.replace('∞', "-750,0");
    let capture = read("p.csv", whole.as_bytes()).unwrap();
    let traces: Vec<_> = capture.traces.iter().map(|t| (&t.name[..], &t.unit[..], t.values[2])).collect();
    assert_eq!(traces, [("Kanal A", "V", 3.0), ("Kanal B", "V", -0.75)]);
    assert!((capture.time.t0 + 5e-3).abs() < 1e-12 && (capture.time.dt - 2e-6).abs() < 1e-12);
    // What is beyond the range of the scope is named as that.
    let (fault, line, _) = fault(text);
    assert!(matches!(fault, Fault::NotFinite { .. }) && line == Some(6), "{fault}");
}

#[test]
fn siglent_settings_are_not_names() {
    let one = "Record Length,Analog:3\nSample Rate,100000000.0\nVertical Scale,CH1: 0.05\nVertical Offset,CH1:0.00000\n\
               Horizontal Scale, 0.000010000\nSecond,Volt\n-0.00007000000,-0.19400\n-0.00006999000,-0.19200\n-0.00006998000,-0.19100\n";
    let capture = read("s.csv", one.as_bytes()).unwrap();
    assert_eq!(
        (capture.dialect, &capture.traces[0].name[..], &capture.traces[0].unit[..]),
        (Dialect::Siglent, "CH1", "V")
    );
    assert!((capture.time.dt - 1e-8).abs() < 1e-14);
    let units = "Record Length,Analog:2\nSample Interval,Analog:1e-6\nVertical Units,CH1:V,CH2:V,CH3:V,CH4:V\nSource,CH1,CH4\n\
                 Second,Volt,Ampere\n0,1,2\n1e-6,3,4\n";
    let capture = read("s.csv", units.as_bytes()).unwrap();
    assert_eq!(
        (capture.dialect, &capture.traces[1].name[..], &capture.traces[1].unit[..]),
        (Dialect::Siglent, "CH4", "A")
    );
    let two = "Record Length,Analog:2\nModel Number,SDS1104X-E\nSource,CH1,CH3\nSecond,Volt,Volt\n0,1,2\n1e-6,3,4\n";
    let capture = read("s.csv", two.as_bytes()).unwrap();
    assert_eq!((capture.dialect, &capture.traces[1].name[..]), (Dialect::Siglent, "CH3"));
}

#[test]
fn generic_tables_with_comments_units_and_decimal_commas() {
    let capture = read(
        "g.csv",
        "# made by hand\nTime (ms);I_stim (mA);v (V)\n0;0,5;1\n0,1;-0,5;2\n0,2;1,5;3\n".as_bytes(),
    )
    .unwrap();
    assert_eq!(capture.dialect, Dialect::Generic);
    assert!((capture.time.dt - 1e-4).abs() < 1e-18);
    assert_eq!(capture.traces[0].unit, "A");
    assert_eq!(capture.traces[0].values, [5e-4, -5e-4, 1.5e-3]);
    let own = read("p.csv", b"time_s,e1_A,v1_V\n0,-1e-3,0.5\n1e-6,-1e-3,0.6\n").unwrap();
    assert_eq!((&own.traces[0].name[..], &own.traces[1].unit[..]), ("e1", "V"));
    let tabs = read("t.tsv", b"t (us)\tCH1\n0\t1\n1\t2\n").unwrap();
    assert!((tabs.time.dt - 1e-6).abs() < 1e-18);
}

#[test]
fn each_kind_of_bad_file_is_named_with_its_place() {
    let one = |text: &str| fault(text).0;
    assert_eq!(one(""), Fault::Empty);
    assert_eq!(one(" \r\n\r\n"), Fault::Empty);
    assert_eq!(one("time,CH1\nno,numbers\n"), Fault::NoNumbers);
    assert_eq!(one("time\n1\n2\n"), Fault::MissingColumns { found: 1 });
    assert_eq!(one("t,a,a\n0,1,2\n1,1,2\n"), Fault::DuplicateColumn("a".into()));
    assert_eq!(fault("t,a\n0,1\n"), (Fault::OneSample, Some(2), None));
    assert_eq!(
        fault("t,a\n0,1\n1,nan\n"),
        (Fault::NotFinite { text: "nan".into(), column: "a".into() }, Some(3), Some(3))
    );
    assert_eq!(fault("t,a,b\n0,1,2\n1,inf,2\n").1, Some(3));
    // What instruments write for one they could not convert.
    assert_eq!(
        one("t,a\n0,1\n1,+9.91E+37\n"),
        Fault::NotFinite { text: "+9.91E+37".into(), column: "a".into() }
    );
    assert_eq!(fault("t,a,b\n0,1,2\n1,,2\n"), (Fault::EmptyCell("a".into()), Some(3), Some(3)));
    assert_eq!(
        fault("t,a\n0,1\n1,2x\n"),
        (Fault::NotANumber { text: "2x".into(), column: "a".into() }, Some(3), Some(3))
    );
    assert_eq!(fault("t,a,b\n0,1,2\n1,2\n2,3,4\n"), (Fault::ShortRow { found: 2, wanted: 3 }, Some(3), None));
    assert_eq!(
        fault("t,a,b\n0,1,2\n1,2,3\n2,3"),
        (Fault::TruncatedRow { found: 2, wanted: 3 }, Some(4), None)
    );
    assert_eq!(fault("t,a\n0,1\n1,2,3\n"), (Fault::LongRow { found: 3, wanted: 2 }, Some(3), None));
    assert_eq!(fault("t,a\n0,1\n2,1\n1,1\n").1, Some(4));
    assert!(matches!(one("t (V),a\n0,1\n1,1\n"), Fault::TimeUnit(_)));
    assert_eq!(one("X,CH1,Start,Increment\nSequence,Volt,0,0\n0,1\n1,2\n"), Fault::NoTimeBase);
    // The time is stated, the rows are counted: one is missing.
    let rows = "X,CH1,Start,Increment\nSequence,Volt,0,1e-6\n0,1\n1,2\n3,4\n4,5\n";
    assert_eq!(fault(rows), (Fault::Sequence { before: 1.0, after: 3.0 }, Some(5), Some(1)));
    assert!(
        read("c.csv", rows.replace("0,1\n1,2\n", "1,1\n2,2\n").as_bytes()).is_ok(),
        "it may begin anywhere"
    );
}

#[test]
fn a_line_is_counted_whatever_ends_it() {
    let text = "t,a\n0,1\n1,1\n2,1\n3,x\n4,1\n";
    for end in ["\n", "\r\n", "\r"] {
        assert_eq!(fault(&text.replace('\n', end)).1, Some(5), "{end:?}");
    }
}

#[test]
fn a_last_number_cut_short_is_not_taken_for_another_number() {
    let rows: String = (0..20).map(|n| format!("{n},-1.500000e-03\n")).collect();
    let table = format!("t,a\n{rows}20,-1.500000e-03");
    assert!(read("c.csv", table.as_bytes()).is_ok(), "no line end at the end of a file is usual");
    for cut in [1, 4, 10] {
        let text = &table[..table.len() - cut];
        let left = text.rsplit(',').next().unwrap().to_owned();
        assert_eq!(fault(text), (Fault::TruncatedNumber { text: left }, Some(22), None));
    }
}

#[test]
fn files_that_are_no_text_are_refused_on_their_first_bytes() {
    let utf16: Vec<u8> = "time,CH1\n0,1\n1,2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read("u.csv", &utf16).unwrap_err().fault, Fault::Utf16);
    let marked: Vec<u8> = [0xFF, 0xFE].into_iter().chain(utf16).collect();
    assert_eq!(read("u.csv", &marked).unwrap_err().fault, Fault::Utf16);
    assert_eq!(read("b.csv", b"\x7fELF\x02\x01\x01\x00").unwrap_err().fault, Fault::Binary);
    assert!(matches!(read("l.csv", &vec![b'1'; 1 << 20]).unwrap_err().fault, Fault::LongLine { .. }));
}

#[test]
fn time_is_uniform_as_far_as_its_digits_tell() {
    let table = |times: &[&str]| {
        let rows: String = times.iter().map(|time| format!("{time},1\n")).collect();
        read("t.csv", format!("t,a\n{rows}").as_bytes()).unwrap().time
    };
    assert!(table(&["0", "0.1", "0.2", "0.3", "0.4"]).is_uniform());
    // Since 1970, with more digits than a number holds: read to a quarter of a microsecond.
    let since = |at: usize| format!("1732900000.{:09}", 1000 * at);
    let stamps: Vec<String> = (0..40).map(since).collect();
    let stamps: Vec<&str> = stamps.iter().map(String::as_str).collect();
    assert!(table(&stamps).is_uniform(), "{:?}", table(&stamps));
    // A row is missing: found at its line.
    let lost = table(&["0.00", "0.10", "0.20", "0.40", "0.50", "0.60", "0.70", "0.80", "0.90", "1.00"]);
    assert_eq!(lost.worst_deviation.map(|(line, _)| line), Some(5));
}
