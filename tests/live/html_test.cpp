#include <joist/live/html.hpp>

#include <joist/error.hpp>

#include <optional>
#include <string>
#include <vector>

#include "live/diff.hpp"
#include "support/catch.hpp"

using joist::live::attributes;
using joist::live::each;
using joist::live::html;
using joist::live::raw;
using joist::live::rendered;
using joist::live::when;

namespace {

std::string shown(rendered r) {
  std::string out;
  joist::live::append_html(out, std::move(r));
  return out;
}

enum class color { red };
auto format_as(color) { return "red & bright"; }

}  // namespace
template <>
struct fmt::formatter<color> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(color c, Context& context) const {
    return fmt::formatter<std::string_view>::format(format_as(c), context);
  }
};

TEST_CASE("html: what is filled in is escaped for its place") {
  const std::string evil = R"(<b onclick='x' title="y">&</b>)";
  CHECK(shown(html<"<p>{}</p>">(evil)) == "<p>&lt;b onclick=&#39;x&#39; title=&quot;y&quot;&gt;&amp;&lt;/b&gt;</p>");
  CHECK(shown(html<R"(<p title="a {} b"></p>)">(std::string{"\"'<"})) == R"(<p title="a &quot;&#39;&lt; b"></p>)");
  CHECK(shown(html<"<p title={}></p>">("\" onclick=\"x")) == R"(<p title="&quot; onclick=&quot;x"></p>)");
  CHECK(shown(html<"<p>{}</p>">(raw("<b>bold</b>"))) == "<p><b>bold</b></p>");
  CHECK(shown(html<"{} {} {} {}">(1, -2L, 2.5, 'c')) == "1 -2 2.5 c");
  CHECK(shown(html<"<p class={}>{}</p>">(color::red, color::red)) == R"(<p class="red &amp; bright">red &amp; bright</p>)");
}

TEST_CASE("html: a whole attribute is there with its value, alone, or not at all") {
  using text = std::optional<std::string>;
  CHECK(shown(html<"<input disabled={} value={}>">(true, 7)) == R"(<input disabled value="7">)");
  CHECK(shown(html<"<input disabled={} value={}>">(false, text{})) == "<input>");
  CHECK(shown(html<R"(<input disabled={} value="{}">)">(false, text{"a"})) == R"(<input value="a">)");
  CHECK(shown(html<R"(<input value="{}">)">(text{})) == R"(<input value="">)");
  attributes more;
  more.add("data-x", "1 & 2").add("hidden");
  CHECK(shown(html<"<p {}>a</p>">(more)) == R"(<p data-x="1 &amp; 2" hidden>a</p>)");
  CHECK_THROWS_AS(more.add("a b"), joist::error);
  CHECK_THROWS_AS(more.add("x=\"y\"", "z"), joist::error);
  CHECK_THROWS_AS(more.add(""), joist::error);
  CHECK_THROWS_AS(more.add("onClick", "f()"), joist::error);
}

TEST_CASE("html: other HTML, lists, conditions and optionals are filled in, and nothing is nothing") {
  const std::vector<std::string> names{"ann", "<bob>"};
  const auto item = [](const std::string& name) { return html<"<li>{}</li>">(name); };
  CHECK(shown(html<"<ul>{}</ul>">(each(names, item))) == "<ul><li>ann</li><li>&lt;bob&gt;</li></ul>");
  CHECK(shown(html<"<p>{}{}</p>">(when(true, [] { return html<"<b>yes</b>">(); }),
                                  when(false, [] { return html<"no">(); }))) == "<p><b>yes</b></p>");
  CHECK(shown(html<"<p>{}</p>">(std::optional<int>{})) == "<p></p>");
  CHECK(shown(html<"<p>{}</p>">(rendered{})) == "<p></p>");
  CHECK(shown(rendered{}).empty());
}

TEST_CASE("html: braces are written twice, and are braces in scripts and styles") {
  CHECK(shown(html<"<p title=\"{{{}}}\">{{}}</p>">("x")) == "<p title=\"{x}\">{}</p>");
  CHECK(shown(html<"<script>if (a < b) {{ f({}); }}</script><style>p { color: red }</style>">()) ==
        "<script>if (a < b) {{ f({}); }}</script><style>p { color: red }</style>");
}

TEST_CASE("html: a template is known to have one root, or not") {
  using joist::detail::html_template;
  CHECK(html_template<"<p>{}</p>">::info.has_root);
  CHECK(html_template<" <p><b>a</b></p>\n">::info.has_root);
  CHECK(html_template<"<input value={}>">::info.has_root);
  CHECK(!html_template<"<p></p><p></p>">::info.has_root);
  CHECK(!html_template<"<p></p>{}">::info.has_root);
  CHECK(!html_template<"text">::info.has_root);
  CHECK(!html_template<"">::info.has_root);
}

TEST_CASE("html: what is no HTML is found, and where") {
  using joist::detail::html_error;
  using joist::detail::scanned_html_of;
  CHECK(scanned_html_of<"<p>">.error == html_error::not_closed);
  CHECK(scanned_html_of<"<p></b>">.error == html_error::not_open);
  CHECK(scanned_html_of<"</p>">.error == html_error::not_open);
  CHECK(scanned_html_of<"a < b">.error == html_error::bad_tag);
  CHECK(scanned_html_of<"<p">.error == html_error::not_closed);
  CHECK(scanned_html_of<"<p title=\"a></p>">.error == html_error::not_closed);
  CHECK(scanned_html_of<"<p title=a></p>">.error == html_error::bare_value);
  CHECK(scanned_html_of<"<p title={}a></p>">.error == html_error::slot_beside_text);
  CHECK(scanned_html_of<"<p {}=\"a\"></p>">.error == html_error::slot_beside_text);
  CHECK(scanned_html_of<"<h{}></h1>">.error == html_error::slot_in_name);
  CHECK(scanned_html_of<"<!-- {} -->">.error == html_error::slot_in_comment);
  CHECK(scanned_html_of<"<p onclick=\"f('{}')\"></p>">.error == html_error::slot_in_script);
  CHECK(scanned_html_of<"<p ONCLICK={}></p>">.error == html_error::slot_in_script);
  CHECK(scanned_html_of<"<SCRIPT>{}</SCRIPT>">.error == html_error::capital);
  CHECK(scanned_html_of<"<svg><Style>{}</Style></svg>">.error == html_error::capital);
  CHECK(scanned_html_of<"<script>a <!--<script></script>{}">.error == html_error::comment_in_script);
  CHECK(scanned_html_of<"<script>f({})</SCRIPT>">.error == html_error::not_open);
  CHECK(scanned_html_of<"<iframe srcdoc={}></iframe>">.error == html_error::slot_in_script);
  CHECK(scanned_html_of<"<!-- a">.error == html_error::not_closed);
  CHECK(scanned_html_of<"{">.error == html_error::lone_brace);
  CHECK(scanned_html_of<"<p>}</p>">.error == html_error::lone_brace);
  CHECK(scanned_html_of<"<div/>">.error == html_error::not_void);
  CHECK(scanned_html_of<"<p>a</p><b>">.error_at == 8);
  for (const html_error e :
       {scanned_html_of<"<br/><hr>">.error, scanned_html_of<"<svg><linearGradient id=\"M0\"/></svg>">.error,
        scanned_html_of<"<!DOCTYPE html><html><body>{}</body></html>">.error, scanned_html_of<"<!-- a -->">.error,
        scanned_html_of<"<a\n  href='{}'\n  {}\n>b</a>">.error}) {
    CHECK(e == html_error::none);
  }
}
