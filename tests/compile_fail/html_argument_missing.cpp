// expect: joist: expected as many arguments as there are \{\} in the template
#include <joist/live/html.hpp>

joist::live::rendered wrong() { return joist::live::html<"<p title={}>{}</p>">(1); }
