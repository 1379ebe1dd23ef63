# Two network namespaces with a line between them, for scripts that test networks. Sourced, with the script's own arguments behind it:
#   . scripts/lib/two-namespaces.sh "$0" 10.99.0 "$@"
# Runs the script again inside, with `--inside` before its arguments; here is PREFIX.1 on `left`, there PREFIX.2 on `right`. Exit code 77:
# namespaces are not permitted here. What is put into `started` is ended with the script.
script=$1
prefix=$2
shift 2
export PATH=$PATH:/usr/sbin:/sbin
name=$(basename "$script")
if [ "${1:-}" != --inside ]; then
  for tool in unshare nsenter ip tc; do
    command -v "$tool" > /dev/null || { echo "$name: skipped, there is no $tool"; exit 77; }
  done
  unshare --user --map-root-user --net true 2> /dev/null || { echo "$name: skipped, no namespaces are permitted"; exit 77; }
  exec unshare --user --map-root-user --net "$script" --inside "$@"
fi
shift
folder=$(mktemp -d)
said=$folder/said
started=()
trap 'kill "${started[@]}" 2> /dev/null; rm -rf "$folder"' EXIT
unshare --net sleep 300 &
there=$!
started+=("$there")
visitor() { nsenter --target "$there" --net "$@"; }
here=$(readlink /proc/self/ns/net)
for ((i = 0; i < 100; ++i)); do
  [ "$(readlink "/proc/$there/ns/net")" != "$here" ] && break
  sleep 0.05
done
ip link add left type veth peer name right 2> /dev/null || { echo "$name: skipped, the kernel has no veth"; exit 77; }
ip link set right netns "$there"
ip addr add "$prefix.1/24" dev left
ip link set left up
ip link set lo up
visitor ip addr add "$prefix.2/24" dev right
visitor ip link set right up
