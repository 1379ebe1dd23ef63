// web/http/smuggling.hpp: requests that two readers may read in two ways, so that one of them answers a request that the
// other has not seen: each is to be refused, and its connection closed. RFC 9112, 2.2, 5, 6, 7 and 11.2.
#pragma once

#include <string>
#include <vector>

namespace joist_test {

struct smuggling_attempt {
  const char* what;
  std::string bytes;
  const char* status = "400";
};

inline std::vector<smuggling_attempt> smuggling_attempts() {
  const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  const std::string nul(1, '\0');
  return {
      // lengths: RFC 9112, 6.3
      {"length and chunks", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"chunks and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"},
      {"two lengths", post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"},
      {"one length twice", post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"},
      {"a list of lengths", post + "Content-Length: 5, 5\r\n\r\nhello"},
      {"signed length", post + "Content-Length: +5\r\n\r\nhello"},
      {"negative length", post + "Content-Length: -5\r\n\r\nhello"},
      {"hexadecimal length", post + "Content-Length: 0x5\r\n\r\nhello"},
      {"length with a point", post + "Content-Length: 5.0\r\n\r\nhello"},
      {"length with a blank", post + "Content-Length: 1 0\r\n\r\nhello"},
      {"empty length", post + "Content-Length: \r\n\r\n"},
      {"length beyond 64 bits", post + "Content-Length: 18446744073709551621\r\n\r\nhello"},
      // Transfer-Encoding: RFC 9112, 6.1
      {"gzip alone", post + "Transfer-Encoding: gzip\r\n\r\n", "501"},
      {"gzip, then chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"},
      {"identity", post + "Transfer-Encoding: identity\r\n\r\n", "501"},
      {"another word", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "501"},
      {"chunked with a parameter", post + "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", "501"},
      {"quoted", post + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", "501"},
      {"chunked is not last", post + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"},
      {"chunked twice", post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"},
      {"chunked in two fields", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"identity in a second field", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"},
      {"identity in a first field", post + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "501"},
      {"empty", post + "Transfer-Encoding: \r\n\r\n0\r\n\r\n"},
      {"empty element", post + "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n"},
      {"vertical tab", post + "Transfer-Encoding: \x0b"
                              "chunked\r\n\r\n0\r\n\r\n"},
      {"in HTTP/1.0", "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      // line ends: RFC 9112, 2.2 and 5
      {"LF ends the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n"},
      {"LF ends a field", get + "A: b\nContent-Length: 5\r\n\r\nhello"},
      {"LF ends the head", get + "\n"},
      {"CR within a field", get + "A: b\rContent-Length: 5\r\n\r\n"},
      {"CR CR LF", get + "A: b\r\r\n\r\n"},
      {"NUL in a value", get + "A: b" + nul + "c\r\n\r\n"},
      {"NUL in a name", get + "A" + nul + ": b\r\n\r\n"},
      {"NUL in the target", "GET /" + nul + " HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"DEL in a value", get + "A: b\x7f\r\n\r\n"},
      {"folded line", get + "A: b\r\n c\r\n\r\n"},
      {"folded first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n"},
      {"folded by a tab", post + "Transfer-Encoding:\r\n\tchunked\r\n\r\n0\r\n\r\n"},
      // names: RFC 9112, 5.1
      {"blank before the colon", post + "Content-Length : 5\r\n\r\nhello"},
      {"tab before the colon", post + "Content-Length\t: 5\r\n\r\nhello"},
      {"no name", get + ": b\r\n\r\n"},
      {"no colon", get + "abc\r\n\r\n"},
      {"name with a parenthesis", get + "A(b): c\r\n\r\n"},
      {"name beyond ASCII", get + "\xc3\xa9: c\r\n\r\n"},
      // request line: RFC 9112, 3
      {"no version", "GET /\r\nHost: h\r\n\r\n"},
      {"two blanks", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"blank in front", " GET / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"blank behind", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n"},
      {"tabs between", "GET\t/\tHTTP/1.1\r\nHost: h\r\n\r\n"},
      {"blank in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"no method", "/ HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"method with a colon", "G:T / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"lower case version", "GET / http/1.1\r\nHost: h\r\n\r\n"},
      {"long version", "GET / HTTP/1.11\r\nHost: h\r\n\r\n"},
      {"target beyond ASCII", "GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"fragment", "GET /#a HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"dot segments", "GET /a/../b HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"TLS instead of HTTP", std::string{"\x16\x03\x01\x02\x00\x01", 6}},
      {"HTTP/2 in the clear", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
      {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", "505"},
      {"HTTP/0.9", "GET / HTTP/0.9\r\nHost: h\r\n\r\n", "505"},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", "505"},
      {"CONNECT", "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n", "501"},
      {"many blank lines", "\r\n\r\n\r\n\r\n\r\n" + get + "\r\n"},
      // Host: RFC 9112, 3.2
      {"no Host", "GET / HTTP/1.1\r\n\r\n"},
      {"two Hosts", get + "Host: h\r\n\r\n"},
      {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: h\r\nHost: i\r\n\r\n"},
      {"Host with a path", "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n"},
      {"list of Hosts", "GET / HTTP/1.1\r\nHost: h, i\r\n\r\n"},
      {"user in the Host", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n"},
      {"another Host than the target's", "GET http://i/ HTTP/1.1\r\nHost: h\r\n\r\n"},
      // chunks: RFC 9112, 7.1
      {"no size", chunked + "\r\nab\r\n0\r\n\r\n"},
      {"size with 0x", chunked + "0x2\r\nab\r\n0\r\n\r\n"},
      {"signed size", chunked + "+2\r\nab\r\n0\r\n\r\n"},
      {"negative size", chunked + "-2\r\nab\r\n0\r\n\r\n"},
      {"blank in front of the size", chunked + " 2\r\nab\r\n0\r\n\r\n"},
      {"blank behind the size", chunked + "2 \r\nab\r\n0\r\n\r\n"},
      {"size beyond 64 bits", chunked + "10000000000000002\r\nab\r\n0\r\n\r\n"},
      {"size near 64 bits", chunked + "fffffffffffffffe\r\nab\r\n0\r\n\r\n", "413"},
      {"more data than the size", chunked + "2\r\nabc\r\n0\r\n\r\n"},
      {"less data than the size", chunked + "3\r\nab\r\n0\r\n\r\n"},
      {"LF behind the size", chunked + "2\nab\r\n0\r\n\r\n"},
      {"LF behind the data", chunked + "2\r\nab\n0\r\n\r\n"},
      {"CR behind the data", chunked + "2\r\nab\rx0\r\n\r\n"},
      {"no name of an extension", chunked + "2;\r\nab\r\n0\r\n\r\n"},
      {"LF in a quoted extension", chunked + "2;a=\"\n\"\r\nab\r\n0\r\n\r\n"},
      {"NUL in a quoted extension", chunked + "2;a=\"" + nul + "\"\r\nab\r\n0\r\n\r\n"},
      {"unfinished quotes", chunked + "2;a=\"b\r\nab\r\n0\r\n\r\n"},
      {"folded trailer", chunked + "0\r\nA: b\r\n c\r\n\r\n"},
      {"LF in the trailer", chunked + "0\r\nA: b\n\r\n"},
      {"blank before the colon in the trailer", chunked + "0\r\nA : b\r\n\r\n"},
      {"length in the trailer", chunked + "0\r\nContent-Length: 1\r\n\r\n"},
      {"encoding in the trailer", chunked + "0\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"body without a length",
       "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n"},
      {"length and chunks in upper case", post + "CONTENT-LENGTH: 5\r\nTRANSFER-ENCODING: CHUNKED\r\n\r\n0\r\n\r\n"},
      {"chunked, then identity", post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"},
      {"chunked behind a tab and a comma", post + "Transfer-Encoding:\t,\tchunked\r\n\r\n0\r\n\r\n"},
      {"length in full-width digits", post + "Content-Length: \xef\xbc\x95\r\n\r\nhello"},
      {"underscore for a hyphen, and chunks",
       post + "Content_Length: 5\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"},
      {"Host in absolute form with a user", "GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"HTTP/1.10", "GET / HTTP/1.10\r\nHost: h\r\n\r\n"},
      {"chunk size of blanks", chunked + "  \r\nab\r\n0\r\n\r\n"},
      {"chunk size of 17 digits", chunked + "00000000000000002;a=b\r\nabc\r\n0\r\n\r\n"},
  };
}

}  // namespace joist_test
