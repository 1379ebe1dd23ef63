#include <joist/web/response.hpp>

#include <joist/web/cookie.hpp>
#include <joist/web/http_error.hpp>

#include <fmt/format.h>

#include <utility>

namespace joist::inline v0::web {

response& response::with_field(std::string_view name, std::string_view value) & {
  fields.set(name, value);
  return *this;
}
response&& response::with_field(std::string_view name, std::string_view value) && {
  return std::move(with_field(name, value));
}
response& response::with_status(int code) & noexcept {
  status = code;
  return *this;
}
response&& response::with_status(int code) && noexcept { return std::move(with_status(code)); }
response& response::with_cookie(const cookie& c) & {
  fields.add("Set-Cookie", c.to_string());
  return *this;
}
response&& response::with_cookie(const cookie& c) && { return std::move(with_cookie(c)); }

std::string_view response::text() const noexcept {
  const auto* found = std::get_if<std::string>(&body);
  return found == nullptr ? std::string_view{} : *found;
}

std::optional<std::uint64_t> response::body_size() const noexcept {
  if (const auto* text = std::get_if<std::string>(&body)) return text->size();
  if (const auto* file = std::get_if<file_body>(&body)) return file->size;
  if (const auto* streamed = std::get_if<streamed_body>(&body)) return streamed->size;
  return std::nullopt;
}

response bytes(std::string_view content_type, std::string body) {
  response out;
  out.fields.add("Content-Type", content_type);
  out.body = std::move(body);
  return out;
}

response text(std::string body) { return bytes("text/plain; charset=utf-8", std::move(body)); }
response html(std::string body) { return bytes("text/html; charset=utf-8", std::move(body)); }
response json_text(std::string body) { return bytes("application/json", std::move(body)); }

response redirect(std::string_view location, int status) {
  response out;
  out.status = status;
  out.fields.add("Location", location);
  return out;
}

response no_content() {
  response out;
  out.status = 204;
  return out;
}

response status_page(int status) {
  const std::string_view reason = reason_phrase(status);
  return text(fmt::format("{}{}{}\n", status, reason.empty() ? "" : " ", reason)).with_status(status);
}

response status_page(const http_error& e) {
  response out = status_page(e.status());
  out.why = e.what();
  return out;
}

response send_file(open_file file, std::string_view content_type) {
  response out;
  out.fields.add("Content-Type", content_type);
  const std::uint64_t size = file.size();
  out.body = file_body{std::move(file), 0, size};
  return out;
}

response stream(std::string_view content_type, std::function<void(body_sink&)> write) {
  response out;
  out.fields.add("Content-Type", content_type);
  out.body = streamed_body{std::move(write), {}};
  return out;
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 103: return "Early Hints";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 203: return "Non-Authoritative Information";
    case 204: return "No Content";
    case 205: return "Reset Content";
    case 206: return "Partial Content";
    case 300: return "Multiple Choices";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 407: return "Proxy Authentication Required";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 423: return "Locked";
    case 425: return "Too Early";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 451: return "Unavailable For Legal Reasons";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return {};
  }
}

}  // namespace joist::inline v0::web
