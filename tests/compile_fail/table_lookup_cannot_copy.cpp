// expect: joist: lookup copies the value, which this one does not allow
#include <joist/otp/table.hpp>

void wrong(const joist::table<int, std::unique_ptr<int>>& t) { (void)t.lookup(1); }
