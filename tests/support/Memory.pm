package Memory;
# What stands in the memory of other processes: /proc/PID/mem through its maps,
# as root, without a debugger (proc(5)).
use strict;
use warnings;
use Exporter qw(import);
use Fcntl qw(SEEK_SET);

our @EXPORT_OK = qw(why_not pieces found);

use constant { SEEK_DATA => 3, SEEK_HOLE => 4 };   # lseek(2)
my $BLOCK = 1 << 14;
my $PIECE = 10;   # bytes: enough that none is there by chance

# A sentence when memory cannot be searched, or a search would say nothing.
sub why_not {
	my ($binary) = @_;
	return 'only root reads the memory of a process that is not dumpable' if $> != 0;
	open my $f, '<:raw', $binary or die "$binary: $!";
	local $/;
	return 'the sanitizers keep what was freed, to find who uses it' if readline($f) =~ /__asan_init/;
	return;
}

# Parts of a secret that are each enough to find it again when the rest has been
# overwritten; the last one ends with it.
sub pieces {
	my ($secret) = @_;
	return map { substr $secret, $_ == 0 ? -$PIECE : -$PIECE * ($_ + 1), $PIECE } 0 .. int(length($secret) / $PIECE) - 1;
}

# Readable mappings of its own: what is shared is found in the file, and what of a
# file cannot be written is the file's.
sub maps {
	my ($pid) = @_;
	no warnings 'portable';   # addresses have 64 bits
	open my $f, '<', "/proc/$pid/maps" or return;
	return map { /^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \S+\s*(.*)/ ? [ hex $1, hex $2, $3 || 'anonymous' ] : () }
		grep { !m{^\S+ r..s .* /} && !m{^\S+ r-.p .* /} && !/\[v\w+\]/ } <$f>;
}

# Parts of a sparse file that hold data.
sub extents {
	my ($f, $path) = @_;
	my ($at, @found) = (0);
	while (defined(my $from = sysseek $f, $at, SEEK_DATA)) {
		$at = sysseek $f, $from, SEEK_HOLE;
		push @found, [ $from + 0, $at, $path ];
	}
	return @found;
}

# Each place of a process, or of a file, that holds one of these: name of the
# secret => list of its pieces. Returns lines "NAME in MAPPING+OFFSET".
sub found {
	my ($of, $secrets) = @_;
	my %name = map { my $n = $_; map { $_ => $n } $secrets->{$n}->@* } sort keys %$secrets;
	my $path = $of =~ /^\d+$/ ? "/proc/$of/mem" : $of;
	my @found;
	open my $mem, '<:raw', $path or return "cannot read $path: $!";
	for my $part ($of eq $path ? extents($mem, $path) : maps($of)) {
		my ($from, $to, $where) = @$part;
		my $carry = '';   # one may stand across two blocks
		for (my $at = $from; $at < $to; $at += $BLOCK) {
			sysseek $mem, $at, SEEK_SET or last;
			sysread $mem, my $bytes, $to - $at < $BLOCK ? $to - $at : $BLOCK or return "cannot read $where: $!";
			my $start = $at - $from - length $carry;
			$bytes = $carry . $bytes;
			$carry = substr $bytes, -($PIECE - 1);
			next unless $bytes =~ /[^\0]/;
			for my $piece (keys %name) {
				for (my $i = -1; ($i = index $bytes, $piece, $i + 1) >= 0; ) {
					push @found, sprintf '%s in %s+%x', $name{$piece}, $where, $start + $i;
				}
			}
		}
	}
	return @found;
}

1;
