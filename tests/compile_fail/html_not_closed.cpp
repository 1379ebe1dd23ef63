// expect: joist: a tag, a quote or a comment that is not closed
#include <joist/live/html.hpp>

joist::live::rendered left_open() { return joist::live::html<"<p>{}">(1); }
