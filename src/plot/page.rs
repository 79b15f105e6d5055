//! One self-contained page: no script, no file beside it, light or dark as the reader's system is.

use super::escape;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1d2126;--soft:#59616b;--paper:#fff;--line:#d9dde2;--good:#0072b2;--odd:#b35c00;--bad:#b3261e}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e8eb;--soft:#a2abb5;--paper:#15181c;--line:#343a41;--good:#5cb8f0;--odd:#f0a94a;--bad:#ff8a80}}\
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:980px;margin:2em auto;padding:0 1.2em}\
h1{font-size:1.5em;margin:0 0 .2em}h2{font-size:1.1em;margin:2em 0 .4em}p{margin:.5em 0}p.soft,small{color:var(--soft)}\
.verdict{font-size:1.1em;font-weight:600}.verdict.good{color:var(--good)}.verdict.bad{color:var(--bad)}\
.wide{overflow-x:auto}table{border-collapse:collapse;margin:.6em 0;font-variant-numeric:tabular-nums}\
th,td{text-align:left;padding:.25em .9em .25em 0;border-bottom:1px solid var(--line);vertical-align:top}th{font-weight:600;color:var(--soft)}\
td.good{color:var(--good)}td.odd{color:var(--odd)}td.bad{color:var(--bad);font-weight:600}\
p.remark{border-left:4px solid var(--odd);padding:.1em .8em;margin:.6em 0}\
svg{display:block;width:100%;height:auto;margin:1em 0;font-family:system-ui,sans-serif}svg text{fill:var(--ink);font-size:12px}\
svg .title{font-size:14px;font-weight:600}svg .name{text-anchor:end}svg .tick{text-anchor:middle;fill:var(--soft)}svg .note{fill:var(--soft);font-size:11.5px}\
svg .grid{stroke:var(--line)}svg .mark{stroke:var(--ink);stroke-dasharray:4 3}svg .bar{stroke-width:2}\
svg .good{fill:var(--good);stroke:var(--good)}svg .odd{fill:var(--odd);stroke:var(--odd)}svg .bad{fill:var(--bad);stroke:var(--bad)}svg g text{stroke:none}\
@media print{:root{--ink:#000;--soft:#333;--paper:#fff;--line:#bbb}}";

/// A page around a body that is HTML already.
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{}</title><style>{STYLE}</style></head><body>\n{body}</body></html>\n",
        escape(title)
    )
}

/// What a reader should know before all else: a line that is marked.
pub fn remark(text: &str) -> String {
    format!("<p class=\"remark\">{}</p>\n", escape(text))
}

/// A table; a cell's class is one of those of the page (`good`, `odd`, `bad`) or empty.
pub fn table(head: &[&str], lines: &[Vec<(String, &str)>]) -> String {
    let mut text = "<div class=\"wide\"><table><tr>".to_owned();
    for cell in head {
        text.push_str(&format!("<th>{}</th>", escape(cell)));
    }
    text.push_str("</tr>\n");
    for line in lines {
        text.push_str("<tr>");
        for (cell, class) in line {
            let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
            text.push_str(&format!("<td{class}>{}</td>", escape(cell)));
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</table></div>\n");
    text
}

/// A heading, a line under it, and whether what was to be shown is so.
pub fn head(title: &str, under: &str, good: bool, verdict: &str) -> String {
    let class = if good { "good" } else { "bad" };
    format!(
        "<h1>{}</h1>\n<p class=\"soft\">{}</p>\n<p class=\"verdict {class}\">{}</p>\n",
        escape(title),
        escape(under),
        escape(verdict)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_stands_alone_and_no_text_leaves_its_element() {
        let body = head("<script>", "a", true, "b") + &table(&["<i>"], &[vec![("<u>".into(), "good")]]);
        let page = page("</title>", &body);
        assert!(!page.contains("<script") && !page.contains("<i>") && !page.contains("<u>"), "{page}");
        assert!(!page.contains("http") && page.contains("&lt;/title&gt;"));
    }
}
