// expect: joist: what is filled into the value of an attribute is a text, a number
#include <joist/live/html.hpp>

joist::live::rendered wrong() { return joist::live::html<R"(<p title="{}"></p>)">(joist::live::html<"<b></b>">()); }
