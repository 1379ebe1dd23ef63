#include <joist/web/static_files.hpp>

#include <joist/error.hpp>

#include <unistd.h>

#include <filesystem>
#include <string>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace web = joist::web;

namespace {

web::response ask(const web::plug& files, std::string target, web::fields fields = {}, std::string method = "GET") {
  web::request in{{.method = std::move(method), .target = std::move(target), .fields = std::move(fields)}};
  return files(in, [](web::request&) { return web::status_page(404); });
}
// What the connection would send.
std::string content(const web::response& out) {
  const auto* body = std::get_if<web::file_body>(&out.body);
  if (body == nullptr) return std::string{out.text()};
  std::string bytes(body->size, '\0');
  const auto n = ::pread(body->file.descriptor(), bytes.data(), bytes.size(), static_cast<::off_t>(body->offset));
  bytes.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return bytes;
}

}  // namespace

TEST_CASE("static_files: a file is sent with its type, its size, and what tells whether it has changed") {
  const joist_test::temporary_folder folder;
  folder.write("css/app.css", "body{}");
  const web::plug files = web::static_files(folder.path());
  const web::response out = ask(files, "/css/app.css");
  CHECK(out.status == 200);
  CHECK(content(out) == "body{}");
  CHECK(out.body_size() == 6);
  CHECK(out.fields.get("Content-Type") == "text/css; charset=utf-8");
  CHECK(out.fields.get("Cache-Control") == "no-cache");
  CHECK(out.fields.get("Accept-Ranges") == "bytes");
  CHECK(out.fields.get("X-Content-Type-Options") == "nosniff");
  CHECK(out.fields.get("Vary") == "Accept-Encoding");
  CHECK(out.fields.contains("Last-Modified"));
  CHECK(out.fields.get("ETag").starts_with("\"6-"));
  CHECK(ask(files, "/css/app.css", {}, "HEAD").body_size() == 6);
}

TEST_CASE("static_files: what is not there, or asked for otherwise, passes") {
  const joist_test::temporary_folder folder;
  folder.write("a.txt", "a");
  folder.write(".env", "secret");
  folder.write(".git/config", "secret");
  folder.write(".well-known/x", "known");
  const web::plug files = web::static_files(folder.path());
  for (const char* target :
       {"/b.txt", "/a.txt/", "/a.txt/b", "/", "/.env", "/.git/config", "/%2egit%2fconfig", "/a.txt%2f", "/%5ca.txt", "/a"}) {
    INFO(target);
    CHECK(ask(files, target).status == 404);
  }
  CHECK(ask(files, "/a.txt", {}, "POST").status == 404);
  CHECK(content(ask(files, "/.well-known/x")) == "known");
  CHECK(content(ask(web::static_files(folder.path(), {.hidden = true}), "/.env")) == "secret");
  CHECK_THROWS_AS(web::static_files("/no/such/folder"), joist::error);
  CHECK_THROWS_AS(web::static_files(folder.path(), {.prefix = "assets"}), joist::error);
}

TEST_CASE("static_files: only paths below the prefix are looked up") {
  const joist_test::temporary_folder folder;
  folder.write("a.txt", "a");
  const web::plug files = web::static_files(folder.path(), {.prefix = "/assets/v1/"});
  CHECK(content(ask(files, "/assets/v1/a.txt")) == "a");
  for (const char* target : {"/a.txt", "/assets/a.txt", "/assets/v1", "/assets/v2/a.txt", "/assets%2Fv1/a.txt"})
    CHECK(ask(files, target).status == 404);
}

TEST_CASE("static_files: a folder is its index, and its path ends with a slash") {
  const joist_test::temporary_folder folder;
  folder.write("index.html", "home");
  folder.write("a b/index.html", "sub");
  folder.write("empty/x.txt", "x");
  const web::plug files = web::static_files(folder.path());
  CHECK(content(ask(files, "/")) == "home");
  CHECK(ask(files, "/").fields.get("Content-Type") == "text/html; charset=utf-8");
  CHECK(content(ask(files, "/a%20b/")) == "sub");
  const web::response moved = ask(files, "//a%20b?x=1");
  CHECK(moved.status == 301);
  CHECK(moved.fields.get("Location") == "/a%20b/?x=1");
  CHECK(ask(files, "/empty/").status == 404);
  CHECK(ask(files, "/empty").status == 404);
  CHECK(ask(web::static_files(folder.path(), {.index = ""}), "/").status == 404);
}

TEST_CASE("static_files: who has the file is told so, and who has an old part gets the whole") {
  const joist_test::temporary_folder folder;
  folder.write("a.txt", "0123456789");
  const web::plug files = web::static_files(folder.path());
  const std::string tag{ask(files, "/a.txt").fields.get("ETag")};
  const web::response same = ask(files, "/a.txt", {{"If-None-Match", tag}});
  CHECK(same.status == 304);
  CHECK(same.fields.get("ETag") == tag);
  CHECK(same.fields.get("Cache-Control") == "no-cache");
  CHECK_FALSE(same.fields.contains("Content-Type"));
  CHECK(ask(files, "/a.txt", {{"If-Match", "\"other\""}}).status == 412);

  const web::response part = ask(files, "/a.txt", {{"Range", "bytes=2-4"}, {"If-Range", tag}});
  CHECK(part.status == 206);
  CHECK(content(part) == "234");
  CHECK(part.fields.get("Content-Range") == "bytes 2-4/10");
  CHECK(ask(files, "/a.txt", {{"Range", "bytes=2-4"}, {"If-Range", "\"old\""}}).status == 200);
  CHECK(content(ask(files, "/a.txt", {{"Range", "bytes=-1"}})) == "9");
  const web::response none = ask(files, "/a.txt", {{"Range", "bytes=10-"}});
  CHECK(none.status == 416);
  CHECK(none.fields.get("Content-Range") == "bytes */10");

  folder.write("a.txt", "changed, and longer");
  CHECK(ask(files, "/a.txt", {{"If-None-Match", tag}}).status == 200);
}

TEST_CASE("static_files: a compressed neighbour is sent to who takes it") {
  const joist_test::temporary_folder folder;
  folder.write("app.js", "the script itself");
  folder.write("app.js.gz", "compressed");
  const web::plug files = web::static_files(folder.path());
  const web::response out = ask(files, "/app.js", {{"Accept-Encoding", "br, gzip"}});
  CHECK(content(out) == "compressed");
  CHECK(out.fields.get("Content-Encoding") == "gzip");
  CHECK(out.fields.get("Content-Type") == "text/javascript; charset=utf-8");
  CHECK(out.fields.get("Vary") == "Accept-Encoding");
  CHECK(content(ask(files, "/app.js")) == "the script itself");
  CHECK(ask(files, "/app.js").fields.get("ETag") != out.fields.get("ETag"));
  CHECK(content(ask(files, "/app.js", {{"Accept-Encoding", "gzip;q=0"}})) == "the script itself");
  const web::plug plain = web::static_files(folder.path(), {.precompressed = false});
  CHECK(content(ask(plain, "/app.js", {{"Accept-Encoding", "gzip"}})) == "the script itself");
  CHECK_FALSE(ask(plain, "/app.js").fields.contains("Vary"));
}

TEST_CASE("static_files: links that lead out of the folder lead nowhere") {
  const joist_test::temporary_folder all;
  all.write("secret.txt", "secret");
  all.write("public/a.txt", "a");
  std::filesystem::create_symlink("../secret.txt", all.path() / "public/link.txt");
  std::filesystem::create_symlink("..", all.path() / "public/up");
  const web::plug files = web::static_files(all.path() / "public");
  CHECK(ask(files, "/link.txt").status == 404);
  CHECK(ask(files, "/up/secret.txt").status == 404);
  CHECK(content(ask(files, "/a.txt")) == "a");
}
