//! The sheet of the page.

use crate::plot::{self, gauge};

/// Colours can be told apart with any colour vision, and none of them says anything alone. Paper is narrow and cannot be opened: it
/// keeps the limits that a narrow screen has room for below the value only, and shows what is folded, but for the pictures and budgets
/// of what passed.
const PAGE: &str = "\
:root{color-scheme:light dark;--ink:#1d2126;--soft:#5a626c;--paper:#fff;--card:#f6f7f9;--line:#d5dae0;--good:#00664b;--odd:#8a5300;--bad:#b3261e;--sim:#6a3d9a}\
@media screen and (prefers-color-scheme:dark){:root{--ink:#e6e8eb;--soft:#a2abb5;--paper:#14171b;--card:#1d2126;--line:#3a414a;--good:#3fd1a5;--odd:#f0b04a;--bad:#ff8a80;--sim:#c9a8ef}}\
*{box-sizing:border-box}body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:0}\
header,main{max-width:1080px;margin:0 auto;padding:0 20px}h1{font-size:2em;line-height:1.2;margin:.1em 0}h2{font-size:1.25em;margin:1.8em 0 .6em}\
h3{font-size:1.08em;margin:0}h4{font-size:1em;margin:0}p{margin:.3em 0}code{font:.87em/1.4 ui-monospace,monospace;overflow-wrap:anywhere}bdi{overflow-wrap:anywhere}\
.soft,small{color:var(--soft)}.good{color:var(--good)}.odd{color:var(--odd)}.bad{color:var(--bad)}.num{font-variant-numeric:tabular-nums}\
.sim{background:repeating-linear-gradient(135deg,var(--sim) 0 10px,transparent 10px 20px);padding:5px;text-align:center}\
.sim b{display:inline-block;background:var(--paper);color:var(--sim);padding:2px 14px;letter-spacing:.04em}\
.verdict{border-left:8px solid currentColor;padding:.2em 0 .2em 16px;margin:18px 0 10px}.verdict h1 small{font-size:.6em;font-weight:600;color:var(--sim)}.verdict h1,.verdict p{color:inherit}.verdict .counts{color:var(--ink)}\
nav{font-size:.9em}nav a{color:var(--soft)}.safe{font-size:1.12em;font-weight:600}dl.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(230px,40%),1fr));gap:8px 20px;margin:14px 0}\
dl.facts div{min-width:0}dt{color:var(--soft);font-size:.85em}dd{margin:0;overflow-wrap:anywhere}\
.chip{font-weight:600;white-space:nowrap}.remark{border-left:4px solid var(--odd);padding:.3em .8em;background:var(--card)}\
article{border:1px solid var(--line);border-top:3px solid currentColor;border-radius:4px;padding:14px 16px;margin:0 0 20px;background:var(--paper)}\
article>*{color:var(--ink)}article .top{display:flex;flex-wrap:wrap;gap:4px 12px;align-items:baseline}\
.check{margin:14px 0 0;padding-top:12px;border-top:1px solid var(--line)}.said{display:grid;grid-template-columns:minmax(150px,auto) 1fr minmax(180px,260px);gap:2px 18px;align-items:center}\
.said .value{font-size:1.3em;font-weight:600;font-variant-numeric:tabular-nums}.said .limit{font-variant-numeric:tabular-nums}\
figure{margin:10px 0}figcaption{color:var(--soft);font-size:.9em}.wide{overflow-x:auto}.wide>.plot{min-width:620px}\
.pair{columns:2;column-gap:18px}.pair figure{margin:0 0 8px;break-inside:avoid}\
.judged{display:grid;grid-template-columns:minmax(0,1.1fr) minmax(0,1fr);gap:8px 28px;margin:8px 0}.judged dl{display:grid;grid-template-columns:auto 1fr;gap:2px 14px;margin:0;align-content:start}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums;width:100%}th{text-align:left;color:var(--soft);font-weight:600;font-size:.85em}\
th,td{padding:3px 12px 3px 0;border-bottom:1px solid var(--line);vertical-align:middle}td.r,th.r{text-align:right}td.r,th.r,td.n{white-space:nowrap}tr.first td{font-weight:600}\
td .share{display:inline-block;height:8px;background:var(--soft);vertical-align:middle;-webkit-print-color-adjust:exact;print-color-adjust:exact}tr.first .share{background:var(--ink)}\
.rows{border-top:1px solid var(--line)}.rows>*{border-bottom:1px solid var(--line)}\
.line{display:grid;grid-template-columns:112px minmax(0,1fr) 200px 140px 170px;gap:0 14px;align-items:center;padding:3px 0}\
summary.line{cursor:pointer;list-style:none}summary.line::-webkit-details-marker{display:none}summary.line:hover,a.line:hover{background:var(--card)}\
a.line{color:inherit;text-decoration:none}.line .measurand,.line .lim{color:var(--soft);font-size:.87em;line-height:1.35}.line .measurand,.line .val{display:block}.line .val,.line .lim{font-variant-numeric:tabular-nums}.line .name{line-height:1.3}\
.line .name::before{content:'▸ ';color:var(--soft)}details[open]>summary .name::before{content:'▾ '}a.line .name::before{content:'↑ '}\
.line .beside{grid-column:2/-1;color:var(--odd);font-size:.87em}td bdi{overflow-wrap:break-word}\
.inside{padding:4px 0 14px 18px}details>summary{cursor:pointer}\
.paper{display:none}\
@media screen and (max-width:900px){.line{grid-template-columns:95px minmax(0,1fr) 150px}.line .g{display:none}.line .lim{grid-column:2/-1}.said,.judged{grid-template-columns:minmax(0,1fr)}.pair{columns:1}header,main{padding:0 12px}.wide>table{min-width:640px}}\
@media screen and (max-width:560px){.line{grid-template-columns:minmax(0,1fr) auto}.line .name,.line .lim,.line .beside{grid-column:1/-1}.line .name{order:-1}}\
@media print{:root{--ink:#000;--soft:#444;--paper:#fff;--card:#fff;--line:#bbb}body{font-size:11px}header,main{max-width:none;padding:0}\
@page{margin:14mm 12mm 16mm;@bottom-right{content:\"page \" counter(page) \" of \" counter(pages);font:9px system-ui,sans-serif}}\
.sim{-webkit-print-color-adjust:exact;print-color-adjust:exact}.said{grid-template-columns:minmax(100px,auto) 1fr 170px}.line{grid-template-columns:75px minmax(0,1fr) 140px 110px 120px}\
details::details-content{content-visibility:visible;display:block}.inside .pair,.inside details{display:none}.paper{display:block}nav{display:none}.wide{overflow:visible}\
h2,h3,.said,.top,article>p:not(:last-child),summary,tr:first-child{break-after:avoid}figure,tr,.line,.judged,article>p{break-inside:avoid}\
.wide>.plot{min-width:0;width:74%;margin:0 auto}.verdict h1{font-size:22px}}";

/// All of it.
pub(super) fn sheet() -> String {
    format!("{PAGE}{}{}", plot::STYLE, gauge::STYLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules of a medium.
    fn rules<'a>(sheet: &'a str, medium: &str) -> &'a str {
        let (_, after) = sheet.split_once(medium).unwrap();
        after.split("@media").next().unwrap()
    }

    #[test]
    fn no_medium_shows_a_value_without_its_limit_and_paper_shows_what_is_folded() {
        let sheet = sheet();
        let narrow = rules(&sheet, "@media screen and (max-width:900px)");
        assert!(narrow.contains(".line .lim{grid-column:2/-1}"), "{narrow}");
        // A width alone holds on paper as well.
        assert!(!sheet.contains("@media(max-width"), "{sheet}");
        let paper = rules(&sheet, "@media print");
        assert!(
            paper.contains("details::details-content{content-visibility:visible;display:block}"),
            "{paper}"
        );
        assert!(paper.contains(".paper{display:block}"), "{paper}");
        assert!(!narrow.contains(".lim{display:none") && !paper.contains(".lim{display:none"));
    }
}
