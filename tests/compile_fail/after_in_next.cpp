// expect: instead of after\(...\) send yourself a message
#include <joist/joist.hpp>
#include <joist/web/websocket.hpp>

void wrong(joist::web::websocket& socket) {
  (void)socket.next(joist::after(std::chrono::seconds{1}, [] {}));
}
