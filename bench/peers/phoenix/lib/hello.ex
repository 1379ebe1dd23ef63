defmodule Hello.Application do
  use Application

  @impl true
  def start(_type, _args) do
    Supervisor.start_link([{Phoenix.PubSub, name: Hello.PubSub}, Hello.Endpoint], strategy: :one_for_one)
  end
end

defmodule Hello.Controller do
  use Phoenix.Controller, formats: [:json]

  def index(conn, _params), do: text(conn, "Hello, world!\n")
end

defmodule Hello.Router do
  use Phoenix.Router, helpers: false

  pipeline :api do
    plug :accepts, ["json"]
  end

  scope "/", Hello do
    pipe_through :api
    get "/", Controller, :index
  end
end

# What joist_load joined, fanout and ping speak to.
defmodule Hello.Room do
  use Phoenix.Channel

  @impl true
  def join("room:" <> _, _params, socket), do: {:ok, socket}

  @impl true
  def handle_in("new_msg", %{"body" => body}, socket) do
    broadcast(socket, "new_msg", %{body: body})
    {:noreply, socket}
  end

  def handle_in(_event, payload, socket), do: {:reply, {:ok, payload}, socket}
end

defmodule Hello.Socket do
  use Phoenix.Socket, log: false
  channel "room:*", Hello.Room

  @impl true
  def connect(_params, socket, _info), do: {:ok, socket}

  @impl true
  def id(_socket), do: nil
end

defmodule Hello.Endpoint do
  use Phoenix.Endpoint, otp_app: :hello

  socket "/socket", Hello.Socket, websocket: [check_origin: false], longpoll: false

  plug Plug.RequestId
  plug Plug.Telemetry, event_prefix: [:phoenix, :endpoint]
  plug Plug.Parsers, parsers: [:urlencoded, :multipart, :json], pass: ["*/*"], json_decoder: Phoenix.json_library()
  plug Plug.MethodOverride
  plug Plug.Head
  plug Hello.Router
end
