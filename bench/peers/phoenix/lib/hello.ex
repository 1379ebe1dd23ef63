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

defmodule Hello.Endpoint do
  use Phoenix.Endpoint, otp_app: :hello

  plug Plug.RequestId
  plug Plug.Telemetry, event_prefix: [:phoenix, :endpoint]
  plug Plug.Parsers, parsers: [:urlencoded, :multipart, :json], pass: ["*/*"], json_decoder: Phoenix.json_library()
  plug Plug.MethodOverride
  plug Plug.Head
  plug Hello.Router
end
